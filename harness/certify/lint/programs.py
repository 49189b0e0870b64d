"""Programs that scripts call: where they are, and which of them take a secret how."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: In /usr/sbin only, of what such scripts call.
SYSTEM = _words("""
    blkid blockdev dmsetup e2fsck fdisk fsck fsfreeze fstrim ifconfig iptables ldconfig losetup
    lvchange lvconvert lvcreate lvdisplay lvremove lvs mdadm mke2fs mkfs modprobe pvs runuser
    service swapoff sysctl tune2fs vgs xfs_freeze zfs zpool
""")

#: In every usual PATH: no program of a kit is meant by these.
USUAL = _words("""
    awk cat chmod chown cp cut date df du echo env false find flock grep head id init kill ln ls
    mkdir mkfifo mktemp mount mv printf ps pwd rm rmdir sed sleep sort stat su sudo sync systemctl
    tail tee test timeout touch tr true umount uname wait wc xargs
""")

#: Outside of every usual PATH, and where.
ELSEWHERE = {
    program: folder
    for programs, folder in (
        (
            "initdb pg_checksums pg_controldata pg_ctl pg_resetwal postgres",
            "/usr/lib/postgresql/VERSION/bin",
        ),
        ("asmcmd lsnrctl rman sqlplus srvctl", "$ORACLE_HOME/bin"),
        ("db2 db2pd db2set db2start", "~INSTANCE/sqllib"),
        ("HDB hdbsql sapcontrol", "/usr/sap/SID/HDBnn/exe"),
        ("ccontrol csession iris irissession", "the instance's bin"),
    )
    for program in programs.split()
}

#: Those of MySQL and MariaDB, which take a password joined to -p.
MYSQL = _words("""
    innobackupex mariabackup mariadb mariadb-admin mariadb-backup mariadb-check mariadb-dump mysql
    mysqladmin mysqlcheck mysqldump mysqlimport mysqlshow xtrabackup
""")

#: Options whose next word is a secret.
NEXT_IS_SECRET = {
    "cypher-shell": ("-p", "--password"),
    "etcdctl": ("--password",),
    "hdbsql": ("-p",),
    "isql": ("-P",),
    "ldapsearch": ("-w",),
    "mongo": ("-p", "--password"),
    "mongodump": ("-p", "--password"),
    "mongosh": ("-p", "--password"),
    "redis-cli": ("-a", "--pass"),
    "sqlcmd": ("-P",),
    "sshpass": ("-p",),
    "valkey-cli": ("-a", "--pass"),
}

#: Options whose next word is USER:SECRET.
NEXT_IS_PAIR = {"curl": ("-u", "--user", "-U", "--proxy-user"), "etcdctl": ("--user",)}

#: Those whose words say something and do nothing.
TALKING = _words("[ awk case echo grep log logger printf sed test")
