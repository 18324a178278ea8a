#!/bin/sh
# Starts one builder. Each stage replaces the one before or is its child, so that nothing of us stays beside what it guards:
#
#   enclose  root of the machine: joins the builder's cgroups, starts the clock, asks for namespaces
#   furnish  process 1 of the builder: makes its root out of the mount table, leaves the machine's, waits for the word
#   guard    still process 1, with only the capability to make namespaces: waits for BuildKit's end and takes in orphans
#   serve    the builder's own user namespace: becomes its root and runs BuildKit
#
# Whoever ends, ends all below: the clock and unshare die with their parents (pdeathsig), process 1 with unshare, and the kernel kills a PID
# namespace whose process 1 is gone. Process 1 stays outside the user namespace, because whoever got hold of BuildKit could otherwise stop or trace
# it. All namespaces but those for users and mounts belong to the machine's user namespace: the builder's root cannot change its links and addresses.
#
# From the environment: PATH, BUILDER (its id), FOLDER (of the builder, on the machine), FIRST_USER, SECONDS_LEFT. Arguments: stage, cgroup folders.
set -eu
stage=$1
shift
inside=/forkproof/launch.sh

case $stage in
enclose)
  for folder in "$@"; do echo $$ >"$folder/cgroup.procs"; done
  # When the machine itself runs out of memory, a builder goes before anything else.
  echo 1000 >/proc/self/oom_score_adj
  exec timeout --signal=KILL "$SECONDS_LEFT" \
    setpriv --pdeathsig KILL -- \
    unshare --mount --propagation private --net --ipc --uts --cgroup --pid --fork --kill-child=KILL \
    /bin/sh "$0" furnish
  ;;
furnish)
  # Still the machine's /proc, so this is the pid by which the machine knows process 1.
  read -r pid _ </proc/self/stat
  echo "process $pid"
  echo "$BUILDER" >/proc/sys/kernel/hostname
  for which in all default; do
    if [ -e "/proc/sys/net/ipv6/conf/$which" ]; then echo 1 >"/proc/sys/net/ipv6/conf/$which/disable_ipv6"; fi
  done
  ip link set lo up
  mount --all --fstab "$FOLDER/mounts"
  cd "$FOLDER/root"
  pivot_root . old
  umount --lazy old
  cd /
  # The end of this input is the end of whoever started us.
  read -r word && [ "$word" = go ] || exit 125
  exec </dev/null
  mkfifo -m 600 /run/born /run/mapped
  {
    read -r child </run/born
    echo "0 $FIRST_USER 65536" >"/proc/$child/uid_map"
    echo "0 $FIRST_USER 65536" >"/proc/$child/gid_map"
    echo >/run/mapped
    rm /run/born /run/mapped
  } &
  # Ubuntu lets only those make a useful user namespace who have this one capability outside of it.
  exec setpriv --bounding-set=-all,+sys_admin --inh-caps=-all --ambient-caps=-all --no-new-privs -- /bin/sh $inside guard
  ;;
guard)
  unshare --user --keep-caps --mount --propagation private /bin/sh $inside serve &
  wait $!
  exit $?
  ;;
serve)
  echo $$ >/run/born
  read -r _ </run/mapped
  # A step that found a way to make a user namespace would hold every capability in it, and with them much more of the kernel to attack.
  echo 0 >/proc/sys/user/max_user_namespaces
  # USER must not be root: BuildKit would look for folders of a rootful daemon.
  exec setpriv --reuid 0 --regid 0 --clear-groups --inh-caps=-all --ambient-caps=-all \
    --bounding-set=-all,+audit_write,+chown,+dac_override,+fowner,+fsetid,+kill,+mknod,+net_bind_service,+net_raw,+setfcap,+setgid,+setpcap,+setuid,+sys_admin,+sys_chroot \
    -- env -i PATH="$PATH" USER=builder HOME=/tmp XDG_RUNTIME_DIR=/run \
    buildkitd --config /etc/buildkitd.toml --rootless --root /forkproof/state --addr unix:///forkproof/socket/buildkitd.sock
  ;;
esac
