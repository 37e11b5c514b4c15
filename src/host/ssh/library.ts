/**
 * What the other side runs: functions in POSIX sh, with coreutils and util-linux and nothing else. Constant text; whatever
 * varies comes as an argument or on standard input. Exit codes that are answers: 80 a symbolic link, 81 not a regular file
 * (what it is, on standard error), 82 too large, 83 another file is in the way, 84 failed, the reason on standard error,
 * 85 too large to be done in passing.
 */
export const shellLibrary = `
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/sbin:/sbin; export PATH
umask 022
cd / || exit 1

# regular PATH: whether it is a regular file and no link.
regular() {
  if [ -L "$1" ]; then return 80; fi
  if [ -f "$1" ]; then return 0; fi
  if [ -d "$1" ]; then printf 'a directory\\n' >&2; return 81; fi
  if [ -p "$1" ]; then printf 'a pipe\\n' >&2; return 81; fi
  if [ -S "$1" ]; then printf 'a socket\\n' >&2; return 81; fi
  if [ -e "$1" ]; then printf 'a device\\n' >&2; return 81; fi
  # What cannot be seen is told from what is not there by the system's own words.
  stat -- "$1" >/dev/null
  return 84
}

# look FUNCTION ARGUMENT...: one look among several, its end marked on both outputs.
look() {
  "$@"
  printf '\\n%sl %s\\n' "$nonce" "$?"
  printf '%sl\\n' "$nonce" >&2
}

# content PATH OFFSET LENGTH
content() {
  regular "$1" || return
  dd if="$1" iflag=nofollow,nonblock,fullblock,skip_bytes,count_bytes bs=65536 skip="$2" count="$3" status=none || return 84
}

# states PATH...: those that are there.
states() { stat --printf='%f %s %b %.9Y %i %h %n\\0' -- "$@"; }

# entries DIRECTORY
entries() (
  if [ ! -d "$1" ]; then stat -- "$1/" >/dev/null; return 84; fi
  if [ ! -r "$1" ] || [ ! -x "$1" ]; then printf 'list: Permission denied\\n' >&2; return 84; fi
  cd -- "$1" || return 84
  set -- * .[!.]* ..?*
  # Patterns that match nothing stand for themselves, and are not there; more names than fit are an error, never none.
  stat --printf='%f %n\\0' -- "$@" 2>/dev/null
  case $? in 0 | 1) return 0 ;; *) printf 'list: Argument list too long\\n' >&2; return 84 ;; esac
)

# space PATH
space() {
  place=$1
  until [ -z "$place" ] || [ -e "$place" ]; do place=\${place%/*}; done
  stat -f -c '%S %b %a %t' -- "\${place:-/}" || return 84
}

# directory PATH MODE
directory() {
  if [ -d "$1" ]; then return 0; fi
  case \${1%/*} in '') ;; *) directory "\${1%/*}" 755 || return ;; esac
  # Another may be making it at the same moment.
  if [ -e "$1" ] && [ ! -d "$1" ]; then printf 'mkdir: Not a directory\\n' >&2; return 84; fi
  mkdir -m "$2" -- "$1" || [ -d "$1" ] || return 84
  sync -- "\${1%/*}/" || return 84
}

# replace STAGED PATH MODE SIZE <CONTENT: the whole content or nothing.
replace() {
  for old in "$2".????????????-*-*-*.tmp; do
    if [ -f "$old" ] && [ $(($(date +%s) - $(stat -c %Y -- "$old"))) -gt 3600 ]; then rm -f -- "$old"; fi
  done
  # dd itself has it on the disk, and says how much it was: programs are what costs on a slow machine.
  if said=$(umask "$((777 - $3))" && dd of="$1" bs=65536 iflag=fullblock conv=excl,fsync 2>&1); then
    case \${said##*
} in
      "$4 byte"*) exact_mode "$3" "$1" && mv -fT -- "$1" "$2" && sync -- "\${2%/*}/" && return 0 ;;
    esac
  fi
  printf '%s\\n' "$said" >&2
  rm -f -- "$1"
  return 84
}

# exact_mode MODE PATH: bits that a new file does not get by itself.
exact_mode() {
  case $1 in *[1357]*) chmod -- "$1" "$2" ;; esac
}

# publish STAGED FINAL MODE
publish() {
  if [ -L "$1" ]; then return 80; fi
  chmod -- "$3" "$1" && sync -- "$1" && mv -fT -- "$1" "$2" && sync -- "\${1%/*}/" "\${2%/*}/" || return 84
}

# second FROM TO
second() {
  if [ -e "$2" ] || [ -L "$2" ]; then
    if [ ! -L "$2" ] && [ "$1" -ef "$2" ]; then return 0; fi
    return 83
  fi
  ln -T -- "$1" "$2" && sync -- "\${2%/*}/" || return 84
}

discard() {
  # A place that cannot be looked into may have it.
  if [ ! -e "$1" ] && [ ! -L "$1" ] && [ -x "\${1%/*}/" ]; then return 0; fi
  rm -f -- "$1" || return 84
}
discard_tree() { rm -rf -- "$1" || return 84; }
renew() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then stat -- "$1" >/dev/null; return 84; fi
  touch -c -h -- "$1" || return 84
}

# lengthen PATH BYTES
lengthen() {
  if [ -L "$1" ]; then return 80; fi
  truncate -s "$2" -- "$1" && sync -- "$1" || return 84
}

# mode PATH MODE
mode() {
  if [ -L "$1" ]; then return 80; fi
  chmod -- "$2" "$1" || return 84
}

# append PATH LINE
append() {
  fresh=
  if [ -e "$1" ] || [ -L "$1" ]; then regular "$1" || return; else fresh=yes; fi
  torn=
  if [ -s "$1" ] && [ -n "$(tail -c 1 -- "$1")" ]; then torn='
'; fi
  printf '%s%s\\n' "$torn" "$2" >>"$1" && sync -- "$1" || return 84
  if [ -n "$fresh" ]; then sync -- "\${1%/*}/" || return 84; fi
}

# digests PATH PROGRAM...: of the regular file's content, one a line.
digests() {
  file=$1
  shift
  for program; do
    sum=$("$program" <"$file") || return 84
    printf '%s\\n' "\${sum%% *}"
  done
}

# digest PATH PROGRAM...
digest() { regular "$1" || return; digests "$@"; }

# digest_small MAXIMUM PATH PROGRAM...: the same, unless the file is larger: 85.
digest_small() {
  regular "$2" || return
  if [ "$(stat -c %s -- "$2")" -gt "$1" ]; then return 85; fi
  shift
  digests "$@"
}

# duplicate FROM TO MAXIMUM FOLLOW PROGRAM...: prints the size, then the digests.
duplicate() {
  from=$1 to=$2 maximum=$3 follow=$4
  shift 4
  if [ "$follow" = yes ] && [ -L "$from" ]; then from=$(readlink -e -- "$from") || { stat -L -- "$1" >/dev/null; return 84; }; fi
  regular "$from" || return
  size=$(stat -c %s -- "$from") || return 84
  if [ "$size" -gt "$maximum" ]; then printf '%s\\n' "$size"; return 82; fi
  rm -f -- "$to" || return 84
  if (umask 077 && cp --sparse=always --reflink=auto -- "$from" "$to") && chmod 600 -- "$to" && sync -- "$to" &&
    stat -c %s -- "$to" && digests "$to" "$@"; then return 0; fi
  rm -f -- "$to"
  return 84
}

# receive PATH SIZE <CONTENT: the whole content, holes for zeros, or nothing.
receive() {
  rm -f -- "$1" || return 84
  if (umask 077 && dd of="$1" bs=65536 iflag=fullblock conv=excl,sparse status=none) &&
    [ "$(stat -c %s -- "$1")" = "$2" ] && sync -- "$1"; then return 0; fi
  rm -f -- "$1"
  return 84
}

# work: performs requests until there are no more. A request is a line with two lengths, a script, and its input. A short script
# is a line of its own and has no length: the shell reads it without the help of a program.
work() {
  exec 3<&0
  while IFS=' ' read -r script_bytes input_bytes; do
    if [ "$script_bytes" = line ]; then IFS= read -r script; else script=$(head -c "$script_bytes"); fi
    if [ "$input_bytes" = 0 ]; then
      (eval "$script") </dev/null
    else
      head -c "$input_bytes" | { (eval "$script"); code=$?; cat >/dev/null; exit "$code"; }
    fi
    code=$?
    printf '\\n%s %s\\n' "$nonce" "$code"
    printf '\\n%s\\n' "$nonce" >&2
  done
}

# brief SECONDS PROGRAM ARGUMENT...: within work, without input. Ends with the program, or when the line is cut: nothing else
# comes on it before the answer. The watcher has to be gone before that, or it would take what comes next.
brief() {
  timeout -k 5 "$@" 3<&- &
  program=$!
  (while read -r nothing <&3; do :; done; kill -TERM "$program") >/dev/null 2>&1 &
  watcher=$!
  wait "$program"
  code=$?
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  return "$code"
}

# watched SECONDS INPUT_BYTES PROGRAM ARGUMENT...: ends with the program, or with our side: whoever asked says every few
# seconds that it is still there, and when it has gone, or the line is cut, the program is stopped with all that it started.
watched() {
  seconds=$1 input_bytes=$2
  shift 2
  exec 3<&0
  if [ "$input_bytes" = 0 ]; then
    exec 5</dev/null
  else
    # Without a name before the first byte of it comes: it may be a secret.
    input=$(umask 077; mktemp -p /dev/shm 2>/dev/null || mktemp) || exit 1
    exec 4>"$input" 5<"$input"
    rm -f -- "$input"
    head -c "$input_bytes" <&3 >&4
    exec 4>&-
  fi
  timeout -k 5 "$seconds" "$@" <&5 3<&- 5<&- &
  program=$!
  (
    exec 5<&-
    while [ "$(timeout 60 head -c 1 <&3)" = . ]; do :; done
    kill -TERM "$program"
  ) >/dev/null 2>&1 &
  watcher=$!
  wait "$program"
  code=$?
  kill "$watcher" 2>/dev/null
  printf '\\n%s %s\\n' "$nonce" "$code" >&2
}

identity() (
  seen=$(stat -c '%i:%.9W' -- "$1" 2>/dev/null) || return
  printf '%s\\n' "\${seen%%.*}\${seen#*.}"
)

# first_line PATH
first_line() (
  line=
  IFS= read -r line <"$1"
  printf '%s\\n' "$line"
)

# release PATH IDENTITY: removes a lock that still is the one meant; the record goes first.
release() {
  if [ "$(identity "$1.lock")" != "$2" ]; then return 1; fi
  rm -f -- "$1.holder.json"
  rmdir -- "$1.lock"
}

# lock PATH: answers questions until it holds the lock, then keeps it as long as it hears from our side.
lock() {
  printf '%s\\n' "$$" "$(first_line "/proc/$$/stat")" "$(first_line /proc/sys/kernel/hostname)" "$(first_line /etc/machine-id)" \\
    "$(first_line /proc/sys/kernel/random/boot_id)" "$(readlink /proc/self/ns/pid)" 2>/dev/null
  printf '%s\\n' "$nonce"
  while IFS=' ' read -r word rest; do
    case $word in
      try)
        if failure=$(mkdir -- "$1.lock" 2>&1); then
          mine=$(identity "$1.lock")
          (umask 022 && printf '%s"directory":"%s"}\\n' "$rest" "$mine" >"$1.holder.json") 2>/dev/null
          printf 'held\\n%s\\n' "$nonce"
          hold "$1" "$mine"
          return
        elif [ -d "$1.lock" ]; then
          printf 'busy\\n%s %s\\n' "$(identity "$1.lock")" "$(stat -c %.9Y -- "$1.lock" 2>/dev/null)"
          cat -- "$1.holder.json" 2>/dev/null
        elif [ "\${failure##*: }" = 'File exists' ] && [ ! -e "$1.lock" ] && [ ! -L "$1.lock" ]; then
          # It was given back in between.
          printf 'busy\\n\\n'
        else
          printf 'failed\\n%s\\n' "$failure"
        fi
        ;;
      process)
        if [ -r "/proc/$rest/stat" ]; then cat "/proc/$rest/stat"
        else case $(kill -0 "$rest" 2>&1) in *"o such process"*) printf 'gone\\n' ;; *) printf 'hidden\\n' ;; esac; fi
        ;;
      break)
        guard=$1.break
        if [ -d "$guard" ] && [ $(($(date +%s) - $(stat -c %Y -- "$guard"))) -gt 10 ]; then rmdir -- "$guard"; fi
        if mkdir -- "$guard"; then release "$1" "$rest"; rmdir -- "$guard"; fi
        printf 'done\\n'
        ;;
      *) return ;;
    esac 2>/dev/null
    printf '%s\\n' "$nonce"
  done
}

# hold PATH IDENTITY: b renews the lock, r gives it back; silence, or the end of the line, gives it back as well.
hold() {
  while :; do
    case $(timeout 90 head -c 1) in
      b)
        if [ "$(identity "$1.lock")" = "$2" ]; then touch -c -- "$1.lock"; else printf 'lost\\n%s\\n' "$nonce"; return; fi
        ;;
      r)
        if release "$1" "$2"; then printf 'released\\n%s\\n' "$nonce"; else printf 'lost\\n%s\\n' "$nonce"; fi
        return
        ;;
      *)
        release "$1" "$2"
        return
        ;;
    esac
  done
}
`.trim();
