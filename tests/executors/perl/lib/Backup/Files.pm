package Backup::Files;

# Whose a file is and who could replace it: FILE-03 to FILE-05, FILE-08.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(resolve permission_problem directory_problem is_regular contents);

use constant MOST_LINKS => 40;

# The path without links, or undef (and $!) where nothing is there.
sub resolve {
    my ($path) = @_;
    my @todo = split m{/}, $path, -1;
    my @done;
    my $links = 0;
    while (@todo) {
        my $name = shift @todo;
        next if $name eq '' || $name eq '.';
        if ($name eq '..') {
            pop @done;
            next;
        }
        my $here = '/' . join '/', @done, $name;
        lstat $here or return undef;
        if (-l _) {
            return undef if ++$links > MOST_LINKS;
            my $target = readlink $here;
            return undef if !defined $target;
            @done = () if $target =~ m{^/};
            unshift @todo, split m{/}, $target, -1;
            next;
        }
        return undef if @todo && !-d _;
        push @done, $name;
    }
    return '/' . join '/', @done;
}

# A resolved path that has become a link since is no longer what was resolved.
sub is_regular {
    my ($resolved) = @_;
    return lstat $resolved && -f _;
}

# What is wrong with owner or mode, "" where nothing is.
sub permission_problem {
    my ($resolved, $wanted) = @_;
    my ($mode, $owner) = (lstat $resolved)[2, 4];
    return 'it is not there' if !defined $mode;
    return "its owner is user $owner, not root" if $owner != 0;
    my $found = $mode & 07777;
    return '' if $found == $wanted;
    return sprintf 'its mode is %04o, not %04o', $found, $wanted;
}

# The first directory on the way that others than root could change, "" where there is none.
sub directory_problem {
    my ($resolved) = @_;
    my @names = split m{/}, $resolved;
    pop @names;
    my $folder = '';
    for my $name (@names) {    # the first is empty: the root directory
        $folder .= $folder =~ m{/\z} ? $name : "/$name";
        my ($mode, $owner) = (lstat $folder)[2, 4];
        return "$folder is not there" if !defined $mode;
        return "$folder belongs to user $owner, not root" if $owner != 0;
        return sprintf '%s is writable for others than root (%04o)', $folder, $mode & 07777
            if $mode & 022;
    }
    return '';
}

# All of a regular file's bytes, or undef.
sub contents {
    my ($path) = @_;
    open my $file, '<:raw', $path or return undef;
    local $/;
    my $text = readline $file;
    return defined $text ? $text : '';
}

1;
