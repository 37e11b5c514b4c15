/**
 * Reports the programs that exist, then becomes the helper: a session of its own would take two round trips. Without a helper, or
 * where something is missing, it keeps the connection until our side closes it. Arguments: the nonce, the helper's program or
 * nothing, then the programs that it needs.
 */
export const greetingScript = `PATH=$PATH:/usr/sbin:/sbin
export PATH
nonce=$1
helper=$2
shift 2
missing() {
  printf 'missing %s\\n' "$1"
  helper=
}
printf '%s\\n' "$nonce"
for program; do command -v "$program" >/dev/null || missing "$program"; done
python=python3
command -v "$python" >/dev/null || python=/usr/libexec/platform-python
command -v "$python" >/dev/null || missing python3
stat --printf='uid %u\\ngid %g\\n' /proc/self/ 2>/dev/null || missing 'GNU coreutils'
command -v curl >/dev/null && printf 'extra curl\\n'
printf 'runtime %s\\ncache %s\\nstate %s\\n' "\${XDG_RUNTIME_DIR-}" "\${XDG_CACHE_HOME:-$HOME/.cache}" "\${XDG_STATE_HOME:-$HOME/.local/state}"
[ -S /run/libvirt/virtqemud-sock ] || printf 'nosocket %s\\n' /run/libvirt/virtqemud-sock
printf '%s\\n' "$nonce"
[ -z "$helper" ] || exec "$python" -I -S -c "$helper"
exec cat >/dev/null`;
