package Backup::Mounts;

# Which filesystems are this machine's own and can be frozen, and in which order: FRZ-01.

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(O_DIRECTORY O_NONBLOCK O_RDONLY);

our @EXPORT_OK = qw(open_freezable);

my %FREEZABLE = map { $_ => 1 } qw(ext3 ext4 xfs btrfs);

# [{mountpoint, handle}] in the order of freezing: what is mounted inside another comes first, the
# root last. Dies with one line where one of them can not be reached.
sub open_freezable {
    my $mounts = _mounts();
    my %by_id = map { $_->{id} => $_ } @$mounts;
    my %writable = map { $_->{device} => 1 } grep { $_->{writable} } @$mounts;
    my %filesystems;
    for my $mount (grep { $writable{$_->{device}} && _counts($_) } @$mounts) {
        push @{$filesystems{$mount->{device}}}, $mount;
    }
    my @found;
    for my $device (keys %filesystems) {
        my @same = @{$filesystems{$device}};
        my $target = _open_one(\@same) or next;
        $target->{device} = $device;
        $target->{outside} = {map { $_ => 1 } map { _around($_, \%by_id) } @same};
        $target->{is_root} = grep { $_->{mountpoint} eq '/' } @same;
        push @found, $target;
    }
    return _in_order(@found);
}

# Every line of mountinfo that matters here.
sub _mounts {
    open my $file, '<', '/proc/self/mountinfo' or die "the mounts can not be read: $!\n";
    my @mounts;
    while (defined(my $line = readline $file)) {
        my ($before, $after) = split / - /, $line, 2;
        my ($id, $parent, $device, $root, $mountpoint, $options) = split / /, $before;
        my ($type, $source, $super) = split /[ \n]/, $after;
        push @mounts, {
            id         => $id,
            parent     => $parent,
            device     => $device,
            root       => _plain($root),
            mountpoint => _plain($mountpoint),
            type       => $type,
            source     => _plain($source),
            super      => $super,
            writable   => _has($options, 'rw') && _has($super, 'rw'),
        };
    }
    return \@mounts;
}

sub _plain {
    my ($word) = @_;
    $word =~ s/\\([0-7]{3})/chr oct $1/ge;
    return $word;
}

sub _has {
    my ($options, $word) = @_;
    return scalar grep { $_ eq $word } split /,/, $options;
}

# A mount of a whole filesystem, or of a btrfs subvolume, on a block device that this machine has.
# A folder or a file of some other machine's filesystem, as containers have them, never counts.
sub _counts {
    my ($mount) = @_;
    return 0 if !$FREEZABLE{$mount->{type}};
    if ($mount->{root} ne '/') {
        return 0 if $mount->{type} ne 'btrfs';
        my ($subvolume) = $mount->{super} =~ /(?:^|,)subvol=(.*)\z/;
        return 0 if !defined $subvolume || _plain($subvolume) ne $mount->{root};
    }
    return $mount->{mountpoint} eq '/' || -b $mount->{source};
}

# The first mount of the filesystem that no other mount hides, opened; undef where all are hidden.
sub _open_one {
    my ($same) = @_;
    my %ids = map { $_->{id} => 1 } @$same;
    for my $mount (sort { length $a->{mountpoint} <=> length $b->{mountpoint} } @$same) {
        sysopen my $handle, $mount->{mountpoint}, O_RDONLY | O_NONBLOCK | O_DIRECTORY
            or die "$mount->{mountpoint} can not be opened: $!\n";
        return {mountpoint => $mount->{mountpoint}, handle => $handle}
            if $ids{_mount_of($handle)};
    }
    return undef;
}

# The id of the mount that an open folder was reached through.
sub _mount_of {
    my ($handle) = @_;
    open my $file, '<', '/proc/self/fdinfo/' . fileno $handle or return -1;
    while (defined(my $line = readline $file)) {
        return $1 if $line =~ /^mnt_id:\s*(\d+)/;
    }
    return -1;
}

# The devices of all mounts that this one is mounted inside of.
sub _around {
    my ($mount, $by_id) = @_;
    my @devices;
    my %seen;
    my $outer = $mount;
    while ($outer = $by_id->{$outer->{parent}}) {
        last if $seen{$outer->{id}}++;
        push @devices, $outer->{device};
    }
    return grep { $_ ne $mount->{device} } @devices;
}

# Filesystems that are mounted inside each other have no right order: the deeper path goes first.
sub _in_order {
    my @left = sort { length $b->{mountpoint} <=> length $a->{mountpoint} } @_;
    my ($root) = grep { $_->{is_root} } @left;
    @left = grep { !$_->{is_root} } @left;
    my @order;
    while (@left) {
        my %outside = map { %{$_->{outside}} } @left;
        my ($next) = grep { !$outside{$_->{device}} } @left;
        $next ||= $left[0];
        push @order, $next;
        @left = grep { $_ != $next } @left;
    }
    push @order, $root if $root;
    return \@order;
}

1;
