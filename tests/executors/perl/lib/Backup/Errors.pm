package Backup::Errors;

# The names of what goes wrong, each with what it means and what to do.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(explained FREEZE_FAILED SNAPSHOT_FAILED IN_PROGRESS BAD_CONFIG BAD_HOST);

use constant {
    FREEZE_FAILED   => 'FsFreezeFailed',
    SNAPSHOT_FAILED => 'SnapshotFailed',
    IN_PROGRESS     => 'BackupInProgress',
    BAD_CONFIG      => 'IncorrectJSONConfigFile',
    BAD_HOST        => 'IncorrectPluginhostFile',
};

my %TEXTS = (
    'Pre-ScriptExecutionFailed' => [
        'the pre-script reported an error; the backup may not be application consistent',
        'read what the pre-script wrote, and mend it',
    ],
    'Post-ScriptExecutionFailed' => [
        'the post-script reported an error; the application may not be as it was',
        'read what the post-script wrote, and look after the application',
    ],
    'Pre-ScriptNotFound' => [
        'there is no pre-script where the config says',
        'put the pre-script there, or correct preScriptLocation',
    ],
    'Post-ScriptNotFound' => [
        'there is no post-script where the config says',
        'put the post-script there, or correct postScriptLocation',
    ],
    'InsufficientPermissionforPre-Script' => [
        'the pre-script must belong to root and have mode 700',
        'chown root and chmod 700 the pre-script, and keep its folders root\'s',
    ],
    'InsufficientPermissionforPost-Script' => [
        'the post-script must belong to root and have mode 700',
        'chown root and chmod 700 the post-script, and keep its folders root\'s',
    ],
    'Pre-ScriptTimeout' => [
        'the pre-script did not end in time',
        'make it quicker, or raise timeoutInSeconds',
    ],
    'Post-ScriptTimeout' => [
        'the post-script did not end in time',
        'make it quicker, or raise timeoutInSeconds',
    ],
    BAD_CONFIG() => [
        'VMSnapshotScriptPluginConfig.json is not as it must be; no script was run',
        'start from a fresh copy, mode 600, and fill it in again',
    ],
    BAD_HOST() => [
        'the plugin host\'s file is corrupt; no script was run',
        'install the extension again',
    ],
    FREEZE_FAILED() => [
        'the filesystems were not frozen over the whole snapshot',
        'see which one refused, and who else freezes or thaws',
    ],
    SNAPSHOT_FAILED() => [
        'the snapshot was not taken in time',
        'look for the cause at the storage, then back up again',
    ],
    IN_PROGRESS() => [
        'another backup of this machine is under way',
        'wait for its end',
    ],
);

sub explained {
    my ($name) = @_;
    my ($message, $action) = @{$TEXTS{$name}};
    return "$name: $message; to do: $action";
}

1;
