package Backup::Machine;

# What the kernel offers and perl-base has no word for: system calls by their numbers.

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(FD_CLOEXEC F_GETFL F_SETFD F_SETFL O_NONBLOCK O_RDWR);
use POSIX ();

our @EXPORT_OK = qw(
    now pause adopt_orphans as_born become freeze thaw pipe_that_never_breaks without_waiting
);

my %NUMBERS = (
    x86_64  => {clock => 228, prctl => 157, action => 13, mask => 14, execve => 59},
    aarch64 => {clock => 113, prctl => 167, action => 134, mask => 135, execve => 221},
);
my $CALL = $NUMBERS{(POSIX::uname())[4]} or die "this machine's system calls are not known\n";

use constant {
    CLOCK_MONOTONIC          => 1,
    PR_SET_CHILD_SUBREAPER   => 36,
    SIG_SETMASK              => 2,
    LAST_SIGNAL              => 64,
    F_SETPIPE_SZ             => 1031,
    FIFREEZE                 => 0xC0045877,
    FITHAW                   => 0xC0045878,
    PIPE_BYTES               => 1_048_576,
};

# Seconds of the clock that nobody can set.
sub now {
    my $time = pack 'q q', 0, 0;
    syscall $CALL->{clock}, CLOCK_MONOTONIC, $time;
    my ($seconds, $nanoseconds) = unpack 'q q', $time;
    return $seconds + $nanoseconds / 1e9;
}

sub pause {
    my ($seconds) = @_;
    select undef, undef, undef, $seconds if $seconds > 0;
    return;
}

# From now on, whoever loses its parent below this process becomes its child, also after setsid.
sub adopt_orphans {
    syscall $CALL->{prctl}, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0;
    return;
}

# No signal ignored or blocked, whatever the caller had. By number, because perl itself ignores
# SIGFPE and the C library hides two signals that a caller may ignore all the same.
sub as_born {
    my $default = "\0" x 32;
    my $none = "\0" x 8;
    for my $signal (1 .. LAST_SIGNAL) {
        syscall $CALL->{action}, $signal, $default, 0, 8;
    }
    syscall $CALL->{mask}, SIG_SETMASK, $none, 0, 8;
    return;
}

# Replace this process by a program; returns the error's number where that is not possible.
# Descriptors above 2 are closed, and perl's own exec is avoided: it restores the caller's SIGFPE.
sub become {
    my ($program, $arguments, $environment) = @_;
    my $file = $program;
    my @words = ($file, @$arguments);
    my @settings = map { "$_=$environment->{$_}" } sort keys %$environment;
    _forget_above_2();
    my $failed = _execve($file, \@words, \@settings);
    if ($failed == POSIX::ENOEXEC()) {    # no shebang
        $file = '/bin/sh';
        $failed = _execve($file, [$file, @words], \@settings);
    }
    return $failed;
}

sub _execve {
    my ($file, $words, $settings) = @_;
    my $argv = pack('p*', @$words) . pack 'J', 0;
    my $envp = pack('p*', @$settings) . pack 'J', 0;
    syscall $CALL->{execve}, $file, $argv, $envp;
    return $! + 0;
}

# Close on exec and not at once: the caller still has to tell of an exec that failed.
my @spoken_for;

sub _forget_above_2 {
    opendir my $open, '/proc/self/fd' or return;
    for my $number (grep { /^\d+\z/ && $_ > 2 } readdir $open) {
        open my $same, '<&=', $number or next;
        fcntl $same, F_SETFD, FD_CLOEXEC;
        push @spoken_for, $same;    # else perl closes it here
    }
    return;
}

# Both return 0, or the error's number.
sub freeze { my ($mount) = @_; return _ioctl($mount, FIFREEZE) }
sub thaw   { my ($mount) = @_; return _ioctl($mount, FITHAW) }

sub _ioctl {
    my ($mount, $request) = @_;
    for (1 .. 5) {
        return 0 if ioctl $mount, $request, 0;
        last if $! != POSIX::EINTR();
    }
    return $! + 0;
}

# A pipe for a script's output. Its writing end can read too, so that a daemon that the script
# leaves behind gets no SIGPIPE when nobody reads any more.
sub pipe_that_never_breaks {
    pipe my $read, my $write or die "no pipe: $!\n";
    fcntl $read, F_SETPIPE_SZ, PIPE_BYTES;
    without_waiting($read);
    if (sysopen my $both, '/proc/self/fd/' . fileno($write), O_RDWR) {
        $write = $both;
    }
    return ($read, $write);
}

sub without_waiting {
    my ($handle) = @_;
    my $flags = fcntl $handle, F_GETFL, 0;
    fcntl $handle, F_SETFL, $flags | O_NONBLOCK;
    return;
}

1;
