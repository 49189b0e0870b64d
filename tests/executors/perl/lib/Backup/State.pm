package Backup::State;

# What outlives a run: who is at work, which post-script is still owed, and the log.
#
# All of it stands in one folder under /run, which a restored machine does not inherit: there
# nothing is owed. Locks are the kind that a process takes with it when it dies and that no child
# inherits: "run" is held by the main process alone, "helper" by whoever works for it.

use strict;
use warnings;
use Backup::Json qw(read_object write_value);
use Backup::Machine qw(now pause);
use Exporter 'import';
use Fcntl qw(F_SETLK F_WRLCK O_APPEND O_CREAT O_RDWR O_TRUNC O_WRONLY SEEK_SET);

our @EXPORT_OK = qw(begin_alone claim_helper owe owed settle append_log);

use constant {
    FOLDER => '/run/perl-backup-executor',
    DYING  => 2,    # how long a killed main process may still hold its lock, in seconds
};

# Filled where a lock is taken: closing a file gives its lock back.
my %held;

# Whether this process is now the only main process; what a killed one left at work is waited for.
sub begin_alone {
    my ($patience) = @_;
    mkdir FOLDER, 0700;
    _lock_within('run', DYING) or return 0;
    _lock_within('helper', $patience) or return 0;
    close delete $held{helper};
    return 1;
}

sub _lock_within {
    my ($name, $seconds) = @_;
    my $until = now() + $seconds;
    until (_lock($name)) {
        return 0 if now() > $until;
        pause(0.02);
    }
    return 1;
}

sub claim_helper { return _lock('helper') }

sub _lock {
    my ($name) = @_;
    my $file = $held{$name};
    if (!$file) {
        sysopen $file, FOLDER . "/$name.lock", O_RDWR | O_CREAT, 0600 or return 0;
    }
    my $all_of_it = pack 's s x4 q q l x4', F_WRLCK, SEEK_SET, 0, 0, 0;
    fcntl $file, F_SETLK, $all_of_it or return 0;
    $held{$name} = $file;
    return 1;
}

# Put on record that this post-script must be run before this machine is itself again. False
# where that is not possible.
sub owe {
    my ($script) = @_;
    my %entry = map { $_ => $script->{$_} } qw(path words retries budget);
    my $new = FOLDER . '/owed.new';
    sysopen my $file, $new, O_WRONLY | O_CREAT | O_TRUNC, 0600 or return 0;
    my $text = write_value(\%entry) . "\n";
    my $written = syswrite $file, $text;
    close $file;
    return defined $written && $written == length $text && rename $new, FOLDER . '/owed';
}

# The post-script that an interrupted run still owes, undef where there is none.
sub owed {
    open my $file, '<:raw', FOLDER . '/owed' or return undef;
    local $/;
    my $entry = eval { read_object(readline $file) } or return undef;
    return {
        which   => 'Post',
        path    => $entry->{path}[1],
        words   => [map { $_->[1] } @{$entry->{words}[1]}],
        retries => $entry->{retries}[1],
        budget  => $entry->{budget}[1],
    };
}

sub settle {
    unlink FOLDER . '/owed';
    return;
}

sub append_log {
    my ($text) = @_;
    sysopen my $file, FOLDER . '/backup.log', O_WRONLY | O_CREAT | O_APPEND, 0600 or return;
    syswrite $file, $text;
    return;
}

1;
