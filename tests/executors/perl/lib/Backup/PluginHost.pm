package Backup::PluginHost;

# The file that says which plugin runs the scripts: FILE-06.

use strict;
use warnings;
use Backup::Files qw(contents is_regular resolve);
use Exporter 'import';

our @EXPORT_OK = qw(plugin_host_timeout);

use constant LOCATION => '/etc/azure/VMSnapshotPluginHost.conf';

# The plugin host's own timeout in seconds, undef where there is no such file.
# Dies with one line where the file is corrupt.
sub plugin_host_timeout {
    return undef if !lstat LOCATION();
    my $file = resolve(LOCATION);
    die "it leads nowhere\n" if !defined $file;
    die "it is no regular file\n" if !is_regular($file);
    my ($mode, $owner) = (lstat $file)[2, 4];
    die "it does not belong to root\n" if $owner != 0;
    die "others than root may write to it\n" if $mode & 022;
    my $text = contents($file);
    die "it can't be read\n" if !defined $text;
    my $entries = _entries($text)->{pre_post} || die "it has no section pre_post\n";
    for my $key (qw(timeoutinseconds numberofplugins)) {
        my $number = $entries->{$key};
        die "$key is missing, or no number of 1 or more\n"
            if !defined $number || $number !~ /^0*[1-9][0-9]*\z/;
    }
    for my $key (qw(pluginname0 pluginpath0 pluginconfigpath0)) {
        die "$key is missing\n" if !defined $entries->{$key} || $entries->{$key} eq '';
    }
    return $entries->{timeoutinseconds} + 0;
}

# Sections of an INI file, each a hash of its entries by key in lower case.
sub _entries {
    my ($text) = @_;
    my (%sections, $here, $last);
    for my $line (split /\r?\n/, $text) {
        next if $line =~ /^\s*(?:[#;]|\z)/;
        if ($line =~ /^\[([^\]]+)\]\s*\z/) {
            die "the section $1 stands there twice\n" if $sections{$1};
            $here = $sections{$1} = {};
            $last = undef;
        }
        elsif ($here && $line =~ /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*\z/) {
            $last = lc $1;
            die "the entry $last stands there twice\n" if exists $here->{$last};
            $here->{$last} = $2;
        }
        elsif (defined $last && $line =~ /^\s+(.*?)\s*\z/) {    # goes on with the entry above
            $here->{$last} .= "\n$1";
        }
        else {
            die "a line is neither a section nor an entry\n";
        }
    }
    return \%sections;
}

1;
