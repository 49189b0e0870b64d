package Backup::Tree;

# The processes below a process that adopts orphans: nobody leaves this tree by forking twice or
# by a session of its own.

use strict;
use warnings;
use Backup::Machine qw(now pause);
use Exporter 'import';
use POSIX qw(WNOHANG);

our @EXPORT_OK = qw(descendants end_descendants);

# How long an end may take altogether; the contract allows 5 s.
use constant LONGEST_END => 4.5;

# [pid, process group] of everything below this process, zombies aside, and the spared with all
# that is theirs.
sub descendants {
    my ($root, %spared) = @_;
    opendir my $proc, '/proc' or return;
    my %children;
    for my $pid (grep { /^\d+\z/ } readdir $proc) {
        open my $file, '<', "/proc/$pid/stat" or next;
        my $line = readline $file;
        next if !defined $line || $line !~ /^\d+ \(.*\) (\S) (\d+) (\d+)/s;
        push @{$children{$2}}, [$pid, $3, $1];
    }
    my (@found, @todo);
    @todo = ($root);
    while (defined(my $pid = shift @todo)) {
        my $below = delete $children{$pid} or next;
        my @ours = grep { !$spared{$_->[0]} } @$below;
        push @todo, map { $_->[0] } @ours;
        push @found, grep { $_->[2] ne 'Z' } @ours;
    }
    return @found;
}

# End everything below this process: SIGTERM, then after `grace` seconds SIGKILL, until nothing is
# left. `spared` pids are left alone.
#
# Whole process groups are killed at once: a chain of forks outruns anyone who reads /proc, but a
# fork can not outrun a signal to its own group.
sub end_descendants {
    my ($grace, %spared) = @_;
    my $start = now();
    if ($grace > 0) {
        kill 'TERM', map { $_->[0] } descendants($$, %spared);
    }
    while (now() < $start + LONGEST_END) {
        1 while waitpid(-1, WNOHANG) > 0;
        my @left = descendants($$, %spared);
        return 1 if !@left && (%spared || waitpid(-1, WNOHANG) == -1);
        if (now() >= $start + $grace) {
            my $own = getpgrp;
            my %groups = map { $_->[1] => 1 } grep { $_->[1] > 1 && $_->[1] != $own } @left;
            kill 'KILL', map { -$_ } keys %groups;
            kill 'KILL', map { $_->[0] } @left;
            pause(0.001);
            next;
        }
        pause(0.01);
    }
    return 0;
}

1;
