import { userError } from "../model/errors.ts";
import type { CommandDefinition } from "./command.ts";
import { reported } from "./reported.ts";

/** `virtform completion SHELL`: a script for the Tab key. */
export const completion: CommandDefinition = {
  summary: "Print a completion script for bash, zsh or fish",
  usage: "bash|zsh|fish",
  description:
    "Prints a script that completes commands, options and their values: names of instances, images and volumes and addresses of the configuration, formats, and files. No host is contacted.",
  options: {},
  examples: [
    ["source <(virtform completion bash)", "For this shell; add the line to ~/.bashrc for every new one."],
    ["source <(virtform completion zsh)", "For zsh, in ~/.zshrc after compinit."],
    ["virtform completion fish > ~/.config/fish/completions/virtform.fish", "For fish."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "completion" }, async ({ event }) => {
      const [given = ""] = invocation.positionals;
      const script = Object.hasOwn(scripts, given) ? scripts[given] : undefined;
      if (script === undefined) {
        const summary = given === "" ? "Missing argument: shell" : `Unknown shell: ${given}`;
        throw userError("unknown-shell", summary, "Usage: virtform completion bash|zsh|fish");
      }
      event({ type: "result", result: { kind: "document", text: script } });
      return 0;
    }),
};

// Each script asks `virtform __complete` with the words up to the cursor. It prints candidates, what each is for behind a tab, and the line
// `:files` where names of files fit.

// bash makes words of its own of the equals signs, and replaces only the last of them.
const bash = `_virtform() {
  local typed="\${COMP_WORDS[COMP_CWORD]}" current="\${COMP_WORDS[COMP_CWORD]}" cut= line candidate files= i
  [[ $current == "=" ]] && current=
  for (( i = COMP_CWORD; i > 1; i-- )); do
    [[ \${COMP_WORDS[i]} == "=" || \${COMP_WORDS[i-1]} == "=" ]] || break
    typed="\${COMP_WORDS[i-1]}$typed"
  done
  cut="\${typed%"$current"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then files=1; continue; fi
    candidate="\${line%%$'\\t'*}"
    COMPREPLY+=("\${candidate#"$cut"}")
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -gt 0 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  fi
}
complete -F _virtform virtform virtform.js
`;

const zsh = `#compdef virtform virtform.js
_virtform() {
  local -a lines values shown
  local line files
  lines=("\${(@f)$("\${(Q)words[1]/#\\~/$HOME}" __complete "\${(Q@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    if [[ $line == :files ]]; then files=1; continue; fi
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  if (( $#values )); then
    if [[ $values[1] == *= ]]; then compadd -S '' -l -d shown -a values; else compadd -l -d shown -a values; fi
  fi
  if [[ -n $files ]]; then
    compset -P '*='
    _files
  fi
}
if [ "$funcstack[1]" = _virtform ]; then _virtform "$@"; else compdef _virtform virtform virtform.js; fi
`;

const fish = `function __virtform_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l program (string replace -r '^~' $HOME -- $words[1])
  for line in ($program __complete $words[2..-1] $current 2>/dev/null)
    if test "$line" = ":files"
      set -l before (string match -r '^.*=' -- $current)
      set -l typed (string replace -r '^.*=' '' -- $current)
      for file in (__fish_complete_path $typed)
        echo "$before$file"
      end
    else
      echo $line
    end
  end
end
complete -c virtform -f -a '(__virtform_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };
