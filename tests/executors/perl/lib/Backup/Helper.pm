package Backup::Helper;

# A helper is a process that does one dangerous thing for the main process. It outlives the main
# process's death by just as long as it takes to undo it: both hold an end of a pipe, the lifeline,
# which breaks when the main process is gone.

use strict;
use warnings;
use Backup::Machine qw(adopt_orphans as_born now without_waiting);
use Backup::Output qw(drain open_handles);
use Backup::State qw(claim_helper);
use Exporter 'import';
use POSIX qw(WNOHANG);

our @EXPORT_OK = qw(start_helper converse run_program);

# Start `work->(helper)` in a process of its own session; it returns what the main process talks
# to, undef where no process could be made.
sub start_helper {
    my ($work) = @_;
    pipe my $lifeline, my $life or return undef;
    pipe my $listen, my $speak or return undef;
    my $pid = fork;
    return undef if !defined $pid;
    if (!$pid) {
        close $life;
        close $listen;
        POSIX::setsid();
        adopt_orphans();
        $SIG{PIPE} = 'IGNORE';
        my $self = bless {lifeline => $lifeline, speak => $speak}, __PACKAGE__;
        # Whoever finds the lock taken works for a main process that is dead already.
        my $well = claim_helper() && $self->main_lives && eval { $work->($self); 1 };
        POSIX::_exit($well ? 0 : 1);
    }
    close $lifeline;
    close $speak;
    without_waiting($listen);
    return {pid => $pid, life => $life, listen => $listen, unread => ''};
}

# -- in the helper

sub main_lives { return $_[0]->rest(0) }

# Wait; false as soon as the main process is dead.
sub rest {
    my ($self, $seconds) = @_;
    my $bits = '';
    vec($bits, fileno $self->{lifeline}, 1) = 1;
    return select($bits, undef, undef, $seconds) <= 0;
}

sub tell {
    my ($self, $line) = @_;
    syswrite $self->{speak}, "$line\n";
    return;
}

# Start a program as a child. `output` is the handle that it writes to.
# Returns its pid and a handle that holds the error's number if it could not be executed.
sub run_program {
    my ($program, $arguments, $environment, $output) = @_;
    pipe my $trouble, my $report or return;
    my $pid = fork;
    return if !defined $pid;
    if (!$pid) {
        as_born();
        POSIX::setsid();
        POSIX::dup2(fileno $output, 1);
        POSIX::dup2(fileno $output, 2);
        if (open my $nothing, '<', '/dev/null') {
            POSIX::dup2(fileno $nothing, 0);
        }
        chdir '/';
        umask 022;
        my $failed = Backup::Machine::become($program, $arguments, $environment);
        syswrite $report, "$failed\n";
        POSIX::_exit(127);
    }
    close $report;
    without_waiting($trouble);
    return ($pid, $trouble);
}

# -- in the main process

# Hear the helper to its end, or until `until`: each line goes to `on_line`. Meanwhile scripts'
# output is read and orphans are buried. False where the helper did not end in time.
sub converse {
    my ($helper, $until, $on_line) = @_;
    my $over = 0;
    until ($over) {
        return 0 if now() > $until;
        my $bits = '';
        vec($bits, fileno $_, 1) = 1 for $helper->{listen}, open_handles();
        select $bits, undef, undef, 0.1;
        drain();
        $over = !_hear($helper, $on_line);
        1 while waitpid(-1, WNOHANG) > 0;
    }
    close $helper->{life};
    return 1;
}

# False at the end of what the helper says.
sub _hear {
    my ($helper, $on_line) = @_;
    my $got = sysread $helper->{listen}, my $bytes, 4096;
    return 1 if !defined $got;
    $helper->{unread} .= $bytes;
    while ($helper->{unread} =~ s/^([^\n]*)\n//) {
        $on_line->($1);
    }
    return $got > 0;
}

1;
