"""FILE: where the files lie, who may own and change them, and when they are judged."""

from __future__ import annotations

from . import words
from .model import Clause, project, seed

CLAUSES: tuple[Clause, ...] = (
    seed(
        "FILE-01.path",
        "The config is read from /etc/azure/VMSnapshotScriptPluginConfig.json and from nowhere "
        "else.",
        "A config at the documented place is ignored, and the scripts silently never run.",
        words.CONFIG_FOLDER,
    ),
    project(
        "FILE-02.no-scripts",
        "Without a config file no script runs.",
        "A script that nobody configured runs as root.",
    ),
    project(
        "FILE-02.errors",
        "Without a config file `errors` is empty: not being configured is no failure.",
        "Every machine without scripts raises an alarm at each backup.",
    ),
    project(
        "FILE-02.status",
        "Without a config file the backup goes on and succeeds.",
        "Machines that never asked for scripts get no backup.",
    ),
    project(
        "FILE-02.level",
        "Without a config file the guest is frozen and the backup is file-system consistent.",
        "An ordinary machine gets a crash-consistent backup where a better one was due, or a "
        "claim of application consistency that nothing backs.",
    ),
    project(
        "FILE-02.plugin-host",
        "Without a config file the plugin-host file is not read, and nothing else of the framework "
        "is judged.",
        "A leftover file fails the backups of machines that do not use the framework.",
    ),
    project(
        "FILE-02.dangling",
        "A config that is a symlink to nowhere is not absent: IncorrectJSONConfigFile.",
        "A broken link turns application-consistent backups off without a word.",
    ),
    seed(
        "FILE-03.mode",
        "Where the config's mode is wider than 600, no script runs.",
        "Anybody who may change the config runs what they like as root.",
        words.CONFIG_600,
        words.NOT_RUN,
    ),
    seed(
        "FILE-03.owner",
        "Where the config does not belong to root, no script runs.",
        "The user who owns the config runs what they like as root.",
        words.ROOT_ONLY,
        words.CONFIG_600,
        words.NOT_RUN,
    ),
    project(
        "FILE-03.error",
        "A config with the wrong owner or mode is IncorrectJSONConfigFile, reason `permissions`.",
        "The backup falls back and nobody is told why.",
    ),
    project(
        "FILE-03.symlink",
        "A symlink at the config's place is judged by its target's owner and mode.",
        "A managed config that is linked into place is refused, or a link's own mode is trusted.",
    ),
    project(
        "FILE-03.regular",
        "A config that is no regular file (a directory, a pipe, a device) is refused and never "
        "waited for.",
        "A named pipe at the config's place hangs every backup.",
    ),
    project(
        "FILE-03.group",
        "The config's group does not matter.",
        "A config with mode 600 is refused for a group that can't read it anyway.",
    ),
    project(
        "FILE-03.acl",
        "The mode is the one that stat shows, so that an access-control list which widens access "
        "is refused through its mask.",
        "An access-control list opens the config to others without being noticed.",
    ),
    project(
        "FILE-03.narrow",
        "A mode narrower than 600 (400) is refused; only the rule set `strict` asks for it.",
        "The same config is taken by one executor and refused by the next.",
    ),
    seed(
        "FILE-04.owner",
        "Both scripts belong to root.",
        "The user who owns a script runs what they like as root.",
        words.ROOT_OWNS,
    ),
    seed(
        "FILE-04.mode",
        "Both scripts have mode 700 exactly; a wider mode is refused.",
        "A script that others may change or read is run as root: privilege escalation, or leaked "
        "passwords.",
        words.SCRIPT_700,
        words.ROOT_OWNS,
    ),
    seed(
        "FILE-04.narrow",
        "A mode narrower than 700 (600, 500) is refused too: 700 is what is asked for.",
        "The same script is taken by one executor and refused by the next.",
        words.SCRIPT_700,
    ),
    seed(
        "FILE-04.no-scripts",
        "Where either script has the wrong owner or mode, neither runs.",
        "The application is quiesced by one script and never released by the other.",
        words.NOT_RUN,
    ),
    seed(
        "FILE-04.error",
        "The error is InsufficientPermissionforPre-Script or InsufficientPermissionforPost-Script, "
        "by the script that has the wrong permissions.",
        "The person who mends it looks at the wrong script.",
        words.ROOT_OWNS,
    ),
    seed(
        "FILE-04.acl",
        "The mode is the one that stat shows, a mask of an access-control list included.",
        "An access-control list opens a script to others without being noticed.",
        words.SCRIPT_700,
    ),
    project(
        "FILE-04.symlink",
        "A symlink at a script's place is judged by its target.",
        "Scripts that are linked into place are refused, or a link's own mode is trusted.",
    ),
    project(
        "FILE-04.special-bits",
        "A script with setuid, setgid or the sticky bit is refused.",
        "A file that was prepared for something else runs as root.",
    ),
    seed(
        "FILE-05.pre",
        "A preScriptLocation where nothing exists is Pre-ScriptNotFound.",
        "Nobody learns that the application is not quiesced at all.",
        words.PRE_NOT_FOUND,
    ),
    seed(
        "FILE-05.post",
        "A postScriptLocation where nothing exists is Post-ScriptNotFound.",
        "The application is quiesced and never released.",
        words.POST_NOT_FOUND,
    ),
    project(
        "FILE-05.not-regular",
        "A configured path that is no regular file counts as not found.",
        "A directory or a pipe is executed, and the backup hangs or fails without a reason.",
    ),
    seed(
        "FILE-06.error",
        "A corrupt plugin-host file is IncorrectPluginhostFile.",
        "The backup falls back and nobody is told why.",
        words.PLUGIN_HOST_CORRUPT,
    ),
    seed(
        "FILE-06.no-scripts",
        "With a corrupt plugin-host file no script runs.",
        "Scripts run under bounds that nobody set.",
        words.PLUGIN_HOST_CORRUPT,
    ),
    seed(
        "FILE-06.level",
        "With a corrupt plugin-host file the backup is not application consistent.",
        "A backup is trusted as application consistent although no script ran.",
        words.PLUGIN_HOST_CORRUPT,
    ),
    project(
        "FILE-06.path",
        "The file is /etc/azure/VMSnapshotPluginHost.conf; where there is none, the executor's own "
        "copy is used and that is no error.",
        "A machine without the file loses its application-consistent backups.",
    ),
    project(
        "FILE-06.format",
        "It is a regular INI file with a section pre_post that holds timeoutInSeconds and "
        "numberOfPlugins (whole numbers from 1) and pluginName0, pluginPath0 and pluginConfigPath0 "
        "(not empty); anything less is corrupt, an empty file and one without a plugin too.",
        "A truncated file is half understood, and scripts run under bounds that nobody set.",
    ),
    project(
        "FILE-06.permissions",
        "It belongs to root and has no write bit for group or others, else it is corrupt.",
        "Anybody who may write to it decides how long scripts may keep the application stopped.",
    ),
    project(
        "FILE-06.other-bits",
        "Other mode bits of it do not matter, nor do the directories on its path (FILE-08).",
        "A harmless mode turns application-consistent backups off.",
    ),
    project(
        "FILE-06.dangling",
        "A symlink to nowhere at its place is corrupt, not absent.",
        "A broken link silently changes the bounds that apply.",
    ),
    project(
        "FILE-06.config-path",
        "The first plugin is the script framework; its pluginConfigPath0 does not move the "
        "config's place (FILE-01).",
        "The config that a person edits is not the one that is used.",
    ),
    project(
        "FILE-06.own-copy",
        "The executor's own copy is judged like the file.",
        "A damaged installation runs scripts under bounds that nobody set.",
        reference_only=True,
    ),
    seed(
        "FILE-07.no-scripts",
        "All of the precheck is judged before any script starts: where the post-script can't be "
        "run, the pre-script does not run either.",
        "The application is quiesced and never released.",
        words.NOT_RUN,
    ),
    project(
        "FILE-07.order",
        "The order is: config presence, plugin host, config permissions, config content, pre "
        "found, pre permission, post found, post permission; the first finding is the primary "
        "error.",
        "Two executors name different errors for the same machine.",
    ),
    project(
        "FILE-08.scripts",
        "Every directory on a script's resolved path belongs to root and is not writable by group "
        "or others; else the permission error of that script, reason `directory`.",
        "Whoever may write to the directory swaps the script and becomes root.",
    ),
    project(
        "FILE-08.config",
        "Every directory on the config's resolved path belongs to root and is not writable by "
        "group or others; else IncorrectJSONConfigFile, reason `directory`.",
        "Whoever may write to the directory swaps the config and becomes root.",
    ),
    project(
        "FILE-08.sticky",
        "A writable directory with the sticky bit (/tmp) counts as writable.",
        "A script below /tmp is swapped by whoever creates the path first.",
    ),
    project(
        "FILE-08.links",
        "The directories of links that lead to the resolved path do not matter.",
        "A link in a user's folder turns application-consistent backups off.",
    ),
    project(
        "FILE-08.resolved",
        "What runs is the resolved path that was judged, not the link.",
        "The link is pointed elsewhere between the check and the start: privilege escalation.",
    ),
    project(
        "FILE-09.not-found",
        "Each script is judged again just before each start: one that vanished since gets "
        "FILE-05's name.",
        "The error names a failed execution where a file is missing.",
    ),
    project(
        "FILE-09.permission",
        "One whose mode or owner changed since gets FILE-04's name and is not started.",
        "A script that was changed after the check runs as root.",
    ),
    project(
        "FILE-09.final",
        "That is final for the script: no retry, whatever an earlier attempt did.",
        "A script that somebody is tampering with is tried again and again.",
    ),
    project(
        "FILE-09.failure",
        "It counts as the script's failure: as FBK-03 for the pre-script, with the post-script "
        "run, and as FBK-04 for the post-script.",
        "The backup claims application consistency although a script did not run, or the "
        "application is never released.",
    ),
    project(
        "FILE-09.resolved-once",
        "A script's path is resolved once, in the precheck, and that path is started each time.",
        "A link that is pointed elsewhere during the run makes another program run as root.",
    ),
)
