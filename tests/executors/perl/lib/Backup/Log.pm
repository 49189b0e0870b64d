package Backup::Log;

# What a person reads afterwards. Kept in memory while anything is frozen: the log, or whatever
# the caller made of standard error, may lie there.

use strict;
use warnings;
use Backup::Machine qw(now);
use Backup::State qw(append_log);
use Exporter 'import';

our @EXPORT_OK = qw(note hold_back speak_again);

my $START = now();
my $held_back = 0;
my $text = '';

sub note {
    my ($phase, $words) = @_;
    for my $line (split /\n/, $words) {
        $text .= sprintf "[%d] %8.3f %-9s %s\n", $$, now() - $START, $phase, $line;
    }
    _write() if !$held_back;
    return;
}

sub hold_back { $held_back = 1; return }

sub speak_again {
    $held_back = 0;
    _write();
    return;
}

sub _write {
    return if $text eq '';
    append_log($text);
    syswrite STDERR, $text;
    $text = '';
    return;
}

1;
