package Backup::Precheck;

# Everything that is judged before the first script runs, in the contract's order; the first
# finding ends it.

use strict;
use warnings;
use Backup::Errors qw(BAD_CONFIG BAD_HOST);
use Backup::Files qw(contents directory_problem is_regular permission_problem resolve);
use Backup::PluginHost qw(plugin_host_timeout);
use Backup::Settings qw(settings_of standard_policy);
use Exporter 'import';

our @EXPORT_OK = qw(precheck script_finding);

use constant CONFIG => '/etc/azure/VMSnapshotScriptPluginConfig.json';

# {configured, policy, pre, post, warnings, finding}; a finding is {error, reason, script}.
# The scripts' resolved paths are kept in them: they are what runs.
sub precheck {
    my $plan = {configured => 0, policy => standard_policy(), warnings => []};
    return $plan if !lstat CONFIG();
    $plan->{configured} = 1;
    my $most = eval { plugin_host_timeout() };
    return _refused($plan, BAD_HOST, $@) if $@;
    my $problem = _config_problem();
    return _refused($plan, BAD_CONFIG, $problem) if $problem;
    my $text = contents(CONFIG);
    return _refused($plan, BAD_CONFIG, 'it can not be read') if !defined $text;
    my ($settings, $warnings) = eval { settings_of($text, $most) };
    return _refused($plan, BAD_CONFIG, $@) if !$settings;
    @$plan{qw(policy pre post warnings)} = (@$settings{qw(policy pre post)}, $warnings);
    for my $script (@$plan{qw(pre post)}) {
        $script->{path} = resolve($script->{location});
        my $finding = script_finding($script);
        if ($finding) {
            $plan->{finding} = {%$finding, script => 1};
            last;
        }
    }
    return $plan;
}

# {error, reason} where this script must not be started now, else undef.
sub script_finding {
    my ($script) = @_;
    my ($which, $path) = @$script{qw(which path)};
    return {error => "$which-ScriptNotFound", reason => 'no regular file is there'}
        if !defined $path || !is_regular($path);
    my $problem = permission_problem($path, 0700);
    my $kind = 'permissions';
    if (!$problem) {
        $problem = directory_problem($path) or return undef;
        $kind = 'directory';
    }
    return {error => "InsufficientPermissionfor$which-Script", reason => "$kind: $problem"};
}

sub _config_problem {
    my $path = resolve(CONFIG);
    return 'permissions: it leads nowhere' if !defined $path;
    return 'permissions: it is no regular file' if !is_regular($path);
    my $problem = permission_problem($path, 0600);
    return "permissions: $problem" if $problem;
    $problem = directory_problem($path) or return '';
    return "directory: $problem";
}

sub _refused {
    my ($plan, $error, $reason) = @_;
    chomp $reason;
    $plan->{finding} = {error => $error, reason => $reason, script => 0};
    return $plan;
}

1;
