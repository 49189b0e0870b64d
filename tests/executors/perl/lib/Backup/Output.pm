package Backup::Output;

# What scripts write. The main process reads it all, so that no script ever blocks, and keeps the
# tail of each attempt. What a script left behind may go on writing: its pipe is read until the
# end of the run.

use strict;
use warnings;
use Backup::Machine qw(pipe_that_never_breaks);
use Exporter 'import';

our @EXPORT_OK = qw(open_output open_handles drain drain_for);

use constant {TAIL => 4096, PORTION => 262_144, MOST_PORTIONS => 64};

my %open;    # by file number: {handle, tail}

# A place that keeps the tail, and the handle to write to.
sub open_output {
    my ($read, $write) = pipe_that_never_breaks();
    my $output = {handle => $read, tail => ''};
    $open{fileno $read} = $output;
    return ($output, $write);
}

sub open_handles { return map { $_->{handle} } values %open }

# Read what is there.
sub drain {
    for my $output (values %open) {
        _read_some($output);
    }
    return;
}

# The same for one of them, to the end of what an ended script wrote.
sub drain_for {
    my ($output) = @_;
    for (1 .. MOST_PORTIONS) {
        last if !_read_some($output);
    }
    return $output->{tail};
}

sub _read_some {
    my ($output) = @_;
    my $number = fileno $output->{handle};
    return 0 if !defined $number;
    my $got = sysread $output->{handle}, my $bytes, PORTION;
    return 0 if !defined $got;    # nothing at the moment
    if ($got == 0) {
        delete $open{$number};
        close $output->{handle};
        return 0;
    }
    $output->{tail} = substr $output->{tail} . substr($bytes, -TAIL), -TAIL;
    return 1;
}

1;
