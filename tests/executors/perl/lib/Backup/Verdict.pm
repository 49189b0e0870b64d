package Backup::Verdict;

# The outcome follows from what happened; there is no list of cases.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(outcome goes_on);

# Whether a backup with this trouble is still worth its name. The only disk of a machine is always
# backed up (FBK-08).
sub goes_on {
    my (%facts) = @_;
    my $trouble = $facts{script_failed} || $facts{freeze_failed};
    return !$trouble || $facts{continue} || $facts{single_disk};
}

# (status, consistency). Facts: script_failed, freeze_failed, continue, single_disk, taken,
# configured, scripts_succeeded, frozen_throughout.
sub outcome {
    my (%facts) = @_;
    return ('failed', 'none') if !$facts{taken} || !goes_on(%facts);
    my $trouble = $facts{script_failed} || $facts{freeze_failed};
    my $level
        = $trouble && !$facts{continue} ? 'crash'
        : $facts{configured} && $facts{scripts_succeeded} && !$trouble ? 'application'
        : $facts{frozen_throughout} ? 'file-system'
        :                             'crash';
    return ('succeeded', $level);
}

1;
