package Backup::Section;

# Freeze, ask for the snapshot set, thaw: one helper does it from the first freeze to the last
# thaw, so that the main process's death is only a reason to thaw at once. Should the helper
# itself be stuck (a freeze can be), the main process thaws what is known to be frozen.

use strict;
use warnings;
use Backup::Helper qw(converse run_program start_helper);
use Backup::Json qw(printable);
use Backup::Log qw(hold_back note speak_again);
use Backup::Machine qw(freeze now thaw);
use Backup::Output qw(drain_for open_output);
use Backup::Tree qw(end_descendants);
use Exporter 'import';
use POSIX qw(WNOHANG);

our @EXPORT_OK = qw(freeze_and_snapshot discard);

use constant {
    STEP           => 0.003,
    GRACE          => 0.5,
    LONGEST_MARGIN => 1,     # thawed by then before the bound, or by a tenth of it
    LAST_WORDS     => 30,    # how long after the bound a helper is listened to
    DISCARD_TIME   => 5,
};

# {freeze_problem, snapshot_problem, taken, …}: each problem is a text or "".
# `targets` are frozen in this order; `regardless`: the set is wanted though a freeze fails.
sub freeze_and_snapshot {
    my (%order) = @_;
    my ($output, $write) = open_output();
    my @targets = @{$order{targets}};
    my $margin = $order{bound} / 10;
    $margin = LONGEST_MARGIN if $margin > LONGEST_MARGIN;
    $order{limit} = $order{bound} - $margin;
    my %seen = (frozen => [], freeze_problem => '', snapshot_problem => '', taken => 0);
    my $listen = sub { _understand(\%seen, \@targets, @_) };
    hold_back();
    my $began = now();
    my $helper = start_helper(sub { _section($_[0], \%order, $write) });
    close $write;
    if ($helper) {
        my $over = converse($helper, $began + $order{bound} - $margin / 2, $listen);
        _thaw_instead(\%seen, \@targets);
        converse($helper, now() + LAST_WORDS + $order{bound}, $listen) if !$over;
    }
    if ($seen{late} && ($seen{taken} || !$seen{asked})) {
        $seen{freeze_problem} ||= 'the freezing process was late, and was not waited for';
    }
    close $_->{handle} for @targets;
    speak_again();
    if (!$seen{taken} && !$seen{snapshot_problem} && !$seen{gave_up}) {
        $seen{snapshot_problem} = 'the process that asked for it was lost';
    }
    _report(\%seen, drain_for($output));
    return \%seen;
}

# Tell the host that the set is not wanted. Nothing depends on it.
sub discard {
    my ($command) = @_;
    my ($output, $write) = open_output();
    my $helper = start_helper(sub { _simply_run($_[0], $command, ['discard'], $write) });
    close $write;
    converse($helper, now() + 2 * DISCARD_TIME, sub { note('verdict', "discard: $_[0]") })
        if $helper;
    return;
}

# -- in the main process

sub _understand {
    my ($seen, $targets, $line) = @_;
    my ($word, $rest) = split / /, $line, 2;
    if ($word eq 'frozen') {
        push @{$seen->{frozen}}, $rest;
        note('freeze', "frozen: $targets->[$rest]{mountpoint}");
    }
    elsif ($word eq 'thawed') {
        @{$seen->{frozen}} = grep { $_ != $rest } @{$seen->{frozen}};
        note('thaw', "thawed: $targets->[$rest]{mountpoint}");
    }
    elsif ($word =~ /^(?:asked|taken|gave_up)\z/) {
        $seen->{$word} = 1;
    }
    elsif (!$seen->{late} || $word ne 'freeze_problem') {    # or snapshot_problem
        $seen->{$word} ||= $rest;
    }
    return;
}

# What is still frozen now has a helper that is lost, or late: what it finds thawed later was
# thawed by nobody else.
sub _thaw_instead {
    my ($seen, $targets) = @_;
    $seen->{late} = 1 if @{$seen->{frozen}};
    for my $number (reverse @{$seen->{frozen}}) {
        thaw($targets->[$number]{handle});
        note('thaw', "thawed by the main process: $targets->[$number]{mountpoint}");
    }
    $seen->{frozen} = [];
    return;
}

sub _report {
    my ($seen, $tail) = @_;
    note('freeze', $seen->{freeze_problem}) if $seen->{freeze_problem};
    my $words = $tail eq '' ? '' : '; its last words: ' . printable($tail);
    if ($seen->{snapshot_problem}) {
        note('snapshot', $seen->{snapshot_problem} . $words);
    }
    else {
        note('snapshot', $seen->{taken} ? 'taken' : 'not asked for');
    }
    return;
}

# -- in the helper

sub _section {
    my ($helper, $order, $write) = @_;
    my @targets = @{$order->{targets}};
    my $until = now() + $order->{limit};
    my @frozen;
    my $problem = '';
    for my $number (0 .. $#targets) {
        last if $problem || !$helper->main_lives;
        my $failed = freeze($targets[$number]{handle});
        if ($failed) {
            local $! = $failed;
            $problem = "$targets[$number]{mountpoint} can not be frozen: error $failed ($!)";
            next;
        }
        push @frozen, $number;
        $helper->tell("frozen $number");
        $problem = 'freezing took too long' if now() >= $until;
    }
    if ($problem) {
        _thaw_all($helper, \@targets, \@frozen);
        $helper->tell("freeze_problem $problem");
        if (!$order->{regardless}) {
            $helper->tell('gave_up');
            return;
        }
        @frozen = ();
        $until = now() + $order->{limit};
    }
    if (!$helper->main_lives) {
        _thaw_all($helper, \@targets, \@frozen);
        return;
    }
    $helper->tell('asked');
    _snapshot($helper, $order->{command}, $write, $until,
        sub { _thaw_all($helper, \@targets, \@frozen) });
    return;
}

sub _snapshot {
    my ($helper, $command, $write, $until, $thaw) = @_;
    my ($status, $report) = _outcome_of($helper, $command, [], $write, $until);
    $thaw->();
    my $problem;
    if (!defined $status) {
        $problem = 'it did not return in time';
    }
    elsif (sysread $report, my $errno, 16) {
        $problem = "it can not be started: error $errno";
    }
    elsif ($status != 0) {
        $problem = "it ended with status $status";
    }
    if (defined $problem) {
        end_descendants(GRACE);
        $helper->tell("snapshot_problem $problem");
        return;
    }
    $helper->tell('taken');
    return;
}

# The program's wait status, undef where it did not end by `until` or the main process is dead;
# and where it says why it could not be started.
sub _outcome_of {
    my ($helper, $command, $arguments, $write, $until) = @_;
    my ($pid, $report) = run_program($command, $arguments, \%ENV, $write);
    return if !$pid;
    while (now() < $until && $helper->rest(STEP)) {
        while ((my $dead = waitpid -1, WNOHANG) > 0) {
            return ($?, $report) if $dead == $pid;
        }
    }
    return;
}

# In reverse. What is thawed already was thawed by somebody else, and the set shows it.
sub _thaw_all {
    my ($helper, $targets, $frozen) = @_;
    my @lost;
    for my $number (reverse @$frozen) {
        push @lost, $targets->[$number]{mountpoint} if thaw($targets->[$number]{handle});
        $helper->tell("thawed $number");
    }
    $helper->tell("freeze_problem thawed by somebody else: @lost") if @lost;
    return;
}

sub _simply_run {
    my ($helper, $command, $arguments, $write) = @_;
    my ($status) = _outcome_of($helper, $command, $arguments, $write, now() + DISCARD_TIME);
    end_descendants(0) if !defined $status;
    $helper->tell(defined $status ? "status $status" : 'did not return');
    return;
}

1;
