package Backup::Settings;

# What the administrator asks for, read from the text of the config: CFG-01 to CFG-05.

use strict;
use warnings;
use Backup::Json qw(printable read_object);
use Exporter 'import';

our @EXPORT_OK = qw(standard_policy settings_of);

use constant {
    USUAL_NAME    => 'ScriptRunner',
    MOST_SECONDS  => 1800,
    MOST_ATTEMPTS => 1_000_000_000,    # nobody waits for more; keeps the arithmetic exact
};

# What each key must be: how it is read, and what stands where it is missing.
my %KEYS = (
    pluginName                   => [\&_text, USUAL_NAME],
    preScriptLocation            => [\&_full_path],
    postScriptLocation           => [\&_full_path],
    preScriptParams              => [\&_words, []],
    postScriptParams             => [\&_words, []],
    preScriptNoOfRetries         => [_whole(0), 0],
    postScriptNoOfRetries        => [_whole(0), 0],
    timeoutInSeconds             => [_whole(1), 30],
    continueBackupOnFailure      => [\&_yes_or_no, 1],
    fsFreezeEnabled              => [\&_yes_or_no, 1],
    ScriptsExecutionPollTimeSeconds => [_whole(1, 5), 1],
);

# What applies where there is no config, or none that can be trusted.
sub standard_policy { return {continue => 1, freeze => 1} }

# The settings and a list of warnings; dies with one line where the content is wrong.
# `$most` is the plugin host's own timeout, undef where it names none.
sub settings_of {
    my ($text, $most) = @_;
    my $found = read_object($text);
    my %value;
    for my $key (sort keys %KEYS) {
        my ($reader, @usual) = @{$KEYS{$key}};
        if (exists $found->{$key}) {
            $value{$key} = $reader->($key, @{$found->{$key}});
            next;
        }
        die "$key is missing\n" if !@usual;
        $value{$key} = $usual[0];
    }
    my @warnings = map { 'unknown key ' . printable($_) } grep { !$KEYS{$_} } sort keys %$found;
    push @warnings, 'pluginName is not ' . USUAL_NAME if $value{pluginName} ne USUAL_NAME;
    push @warnings, _cap(\%value, $most);
    return (_arranged(\%value), \@warnings);
}

sub _cap {
    my ($value, $most) = @_;
    my @warnings;
    for my $limit ([MOST_SECONDS, 'the framework'], [$most, 'the plugin host']) {
        my ($seconds, $whose) = @$limit;
        next if !defined $seconds || $value->{timeoutInSeconds} <= $seconds;
        $value->{timeoutInSeconds} = $seconds;
        push @warnings, "timeoutInSeconds is capped to $seconds, the most that $whose allows";
    }
    return @warnings;
}

sub _arranged {
    my ($value) = @_;
    my %scripts = map {
        my ($which, $prefix) = @$_;
        ($which => {
            which    => $which,
            location => $value->{"${prefix}Location"},
            words    => $value->{"${prefix}Params"},
            retries  => $value->{"${prefix}NoOfRetries"},
            budget   => $value->{timeoutInSeconds},
        })
    } (['Pre', 'preScript'], ['Post', 'postScript']);
    return {
        policy => {
            continue => $value->{continueBackupOnFailure},
            freeze   => $value->{fsFreezeEnabled},
        },
        pre  => $scripts{Pre},
        post => $scripts{Post},
    };
}

sub _text {
    my ($key, $type, $value) = @_;
    die "$key is no string\n" if $type ne 'string';
    return $value;
}

sub _full_path {
    my ($key, $type, $value) = @_;
    my $path = _text($key, $type, $value);
    die "$key is no full path\n" if $path !~ m{^/} || $path =~ /\0/;
    return $path;
}

sub _words {
    my ($key, $type, $items) = @_;
    die "$key is no list\n" if $type ne 'array';
    my @words = map { _text($key, @$_) } @$items;
    die "$key holds a NUL\n" if grep { /\0/ } @words;
    return \@words;
}

sub _yes_or_no {
    my ($key, $type, $value) = @_;
    die "$key is neither true nor false\n" if $type ne 'true' && $type ne 'false';
    return $value;
}

# A reader of whole numbers in a range.
sub _whole {
    my ($least, $most) = @_;
    return sub {
        my ($key, $type, $digits) = @_;
        die "$key is no whole number\n" if $type ne 'integer';
        my $number = length $digits > 10
            ? ($digits =~ /^-/ ? -1 : MOST_ATTEMPTS)
            : $digits + 0;
        die "$key is below $least\n" if $number < $least;
        die "$key is above $most\n" if defined $most && $number > $most;
        return $number;
    };
}

1;
