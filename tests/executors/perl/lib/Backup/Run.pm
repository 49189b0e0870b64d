package Backup::Run;

# One backup run: recover, precheck, pre, freeze, snapshot, thaw, post, verdict.

use strict;
use warnings;
use Backup::Errors qw(explained FREEZE_FAILED IN_PROGRESS SNAPSHOT_FAILED);
use Backup::Json qw(write_value);
use Backup::Log qw(note);
use Backup::Machine qw(adopt_orphans as_born);
use Backup::Mounts qw(open_freezable);
use Backup::Precheck qw(precheck);
use Backup::Scripts qw(run_script);
use Backup::Section qw(discard freeze_and_snapshot);
use Backup::State qw(begin_alone owe owed settle);
use Backup::Verdict qw(goes_on outcome);

use constant {USUAL_BOUND => 60, PATIENCE => 20};

my (@errors, %reasons, @warnings);
my @standard;    # files that stand in for standard ones that the caller closed

sub main {
    _prepare();
    my $surroundings = {
        snapshot    => $ENV{SNAPCERT_SNAPSHOT},
        status      => $ENV{SNAPCERT_STATUS},
        single_disk => ($ENV{SNAPCERT_SINGLE_DISK} || '0') eq '1',
        bound       => _bound($ENV{SNAPCERT_FREEZE_BOUND}),
    };
    if (!$surroundings->{snapshot} || !$surroundings->{status}) {
        print STDERR "SNAPCERT_SNAPSHOT and SNAPCERT_STATUS must be set\n";
        return 2;
    }
    if (!begin_alone(PATIENCE)) {
        _arises(IN_PROGRESS, 'another main process holds the lock', 'precheck');
        return _tell($surroundings->{status}, 'failed', 'none');
    }
    return _tell($surroundings->{status}, _back_up($surroundings));
}

sub _prepare {
    as_born();
    $SIG{PIPE} = 'IGNORE';
    while (1) {    # a caller may have closed the standard files
        open my $file, '+<', '/dev/null' or last;
        last if fileno $file > 2;
        push @standard, $file;
    }
    umask 022;
    chdir '/';
    adopt_orphans();
    return;
}

sub _bound {
    my ($text) = @_;
    return USUAL_BOUND if !defined $text || $text !~ /^\d+(?:\.\d+)?\z/ || $text <= 0;
    return $text < USUAL_BOUND ? $text + 0 : USUAL_BOUND;
}

# (status, consistency)
sub _back_up {
    my ($surroundings) = @_;
    my $recovered = _recover();
    my $plan = precheck();
    push @warnings, @{$plan->{warnings}};
    note('precheck', $plan->{configured} ? 'scripts are configured' : 'no scripts are configured');
    note('precheck', "warning: $_") for @{$plan->{warnings}};
    my $finding = $plan->{finding};
    _arises(@$finding{qw(error reason)}, 'precheck') if $finding;
    my %facts = (
        configured        => $plan->{configured},
        continue          => $plan->{policy}{continue},
        single_disk       => $surroundings->{single_disk},
        script_failed     => !$recovered || ($finding && $finding->{script}),
        freeze_failed     => 0,
        taken             => 0,
        frozen_throughout => 0,
    );
    my $runs = $plan->{configured} && !$finding && $recovered;
    $facts{scripts_succeeded} = $runs;
    if ($runs) {
        owe($plan->{post}) or note('pre', 'no journal: a killed run could not be recovered');
        _script(\%facts, $plan->{pre}, 'pre', sub { });
    }
    if (goes_on(%facts)) {
        _take(\%facts, $plan->{policy}, $surroundings);
    }
    if ($runs) {
        _script(\%facts, $plan->{post}, 'post', \&settle);
        settle();
    }
    my ($status, $consistency) = outcome(%facts);
    discard($surroundings->{snapshot}) if $status eq 'failed' && $facts{taken};
    return ($status, $consistency);
}

# The post-script that a killed run owes. False where it failed; it is not tried again.
sub _recover {
    my $script = owed() or return 1;
    note('recover', "an interrupted run owes $script->{path}");
    my $trouble = run_script($script, 'recover', \&settle);
    settle();
    return 1 if !$trouble;
    _arises(@$trouble{qw(error reason)}, 'recover');
    return 0;
}

sub _script {
    my ($facts, $script, $phase, $done) = @_;
    my $trouble = run_script($script, $phase, $done) or return;
    _arises(@$trouble{qw(error reason)}, $phase);
    $facts->{scripts_succeeded} = 0;
    $facts->{script_failed} = 1;
    return;
}

sub _take {
    my ($facts, $policy, $surroundings) = @_;
    # After a script's trouble that the policy does not forgive, only a bare copy is owed.
    my $freezes = $policy->{freeze} && (!$facts->{script_failed} || $facts->{continue});
    my $targets = [];
    if ($freezes) {
        $targets = eval { open_freezable() };
        if (!$targets) {
            chomp(my $reason = $@);
            _freeze_failed($facts, $reason);
            return if !goes_on(%$facts);
            $targets = [];
        }
    }
    my $seen = freeze_and_snapshot(
        targets    => $targets,
        bound      => $surroundings->{bound},
        command    => $surroundings->{snapshot},
        regardless => goes_on(%$facts, freeze_failed => 1),
    );
    _freeze_failed($facts, $seen->{freeze_problem}) if $seen->{freeze_problem};
    _arises(SNAPSHOT_FAILED, $seen->{snapshot_problem}, 'snapshot') if $seen->{snapshot_problem};
    $facts->{taken} = $seen->{taken};
    $facts->{frozen_throughout} = $freezes && !$facts->{freeze_failed};
    return;
}

sub _freeze_failed {
    my ($facts, $reason) = @_;
    $facts->{freeze_failed} = 1;
    _arises(FREEZE_FAILED, $reason, 'freeze');
    return;
}

sub _arises {
    my ($error, $reason, $phase) = @_;
    push @errors, $error if !grep { $_ eq $error } @errors;
    $reasons{$error} ||= $reason;
    note($phase, explained($error) . "; reason: $reason");
    return;
}

# Write the outcome, whole or not at all; the exit status that belongs to it.
sub _tell {
    my ($path, $status, $consistency) = @_;
    note('verdict', "$status, $consistency");
    my $outcome = write_value({
        status      => $status,
        consistency => $consistency,
        errors      => \@errors,
        warnings    => \@warnings,
        reasons     => \%reasons,
    });
    my $new = "$path.$$";
    open my $file, '>:raw', $new or return 1;
    my $written = syswrite $file, "$outcome\n";
    close $file;
    return 1 if !$written || !rename $new, $path;
    return $status eq 'succeeded' ? 0 : 1;
}

1;
