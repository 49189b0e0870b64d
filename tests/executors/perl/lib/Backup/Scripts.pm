package Backup::Scripts;

# A script with all its attempts: RUN-02 to RUN-09. Each attempt has a helper of its own, so that
# what belongs to the attempt is exactly what stands below that helper.

use strict;
use warnings;
use Backup::Helper qw(converse run_program start_helper);
use Backup::Json qw(printable);
use Backup::Log qw(note);
use Backup::Machine qw(now);
use Backup::Output qw(drain_for open_output);
use Backup::Precheck qw(script_finding);
use Backup::Tree qw(descendants end_descendants);
use Exporter 'import';
use POSIX qw(WNOHANG);

our @EXPORT_OK = qw(run_script);

use constant {
    STEP          => 0.005,
    GRACE         => 1,      # between SIGTERM and SIGKILL for a script that is out of time
    ORPHAN_GRACE  => 0.3,    # the same when the main process is dead
    HELPER_MARGIN => 8,      # after the deadline, for the end of the tree
};

my %ENVIRONMENT = (
    PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME => '/root',
    LANG => 'C.UTF-8',
);

# undef where it succeeded, else {error, reason}. `done` is called on success, by whoever is
# alive to see it.
sub run_script {
    my ($script, $phase, $done) = @_;
    my $name = "$script->{which}-Script";
    my $deadline = now() + $script->{budget};
    my $attempts = $script->{retries} + 1;
    my $trouble = '';
    for my $attempt (1 .. $attempts) {
        my $finding = script_finding($script);
        return $finding if $finding;
        return _timeout($name, $trouble) if $attempt > 1 && now() >= $deadline;
        my $began = now();
        my ($end, $tail) = _attempt($script, $deadline, $done);
        note($phase, sprintf '%s, attempt %d: %s after %.3f s', $script->{path}, $attempt, $end,
            now() - $began);
        return undef if $end eq 'exit 0';
        $trouble = _trouble($end, $attempt, $tail);
        note($phase, $trouble);
        return _timeout($name, $trouble) if $end eq 'deadline';
    }
    return {error => "${name}ExecutionFailed", reason => $trouble};
}

sub _timeout {
    my ($name, $trouble) = @_;
    return {error => "${name}Timeout", reason => $trouble};
}

sub _trouble {
    my ($end, $attempt, $tail) = @_;
    return sprintf 'attempt %d ended with %s; its last words: %s', $attempt, $end,
        $tail eq '' ? 'none' : printable($tail);
}

# How the attempt ended, and the tail of its output.
sub _attempt {
    my ($script, $deadline, $done) = @_;
    my ($output, $write) = open_output();
    my %before = map { $_->[0] => 1 } descendants($$);
    my $helper = start_helper(sub { _watch($_[0], $script, $deadline, $write, $done) });
    close $write;
    my $end = '';
    if ($helper) {
        converse($helper, $deadline + HELPER_MARGIN, sub { $end = $_[0] });
    }
    if ($end eq '') {    # a script may kill its helper; what was the helper's is ours by then
        end_descendants(0, %before);
        $end = 'the loss of its helper';
    }
    return ($end, drain_for($output));
}

# In the helper: start the script and see it end.
sub _watch {
    my ($helper, $script, $deadline, $write, $done) = @_;
    my ($pid, $report) = run_program(@$script{qw(path words)}, \%ENVIRONMENT, $write);
    close $write;
    if (!$pid) {
        $helper->tell('no process to be had');
        return;
    }
    my $status;
    until (defined $status) {
        if (now() >= $deadline) {
            end_descendants(GRACE);
            $helper->tell('deadline');
            return;
        }
        if (!$helper->rest(STEP)) {
            end_descendants(ORPHAN_GRACE);
            return;
        }
        while ((my $dead = waitpid -1, WNOHANG) > 0) {
            $status = $? if $dead == $pid;
        }
    }
    my $end = _end_of($status, $report);
    if ($end eq 'exit 0') {
        $done->();
    }
    else {
        end_descendants(0);
    }
    $helper->tell($end);
    return;
}

sub _end_of {
    my ($status, $report) = @_;
    if (sysread $report, my $errno, 16) {
        $! = $errno;
        return "no start: $!";
    }
    return 'signal ' . ($status & 127) if $status & 127;
    return 'exit ' . ($status >> 8);
}

1;
