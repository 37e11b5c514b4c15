/** The stable codes of problems with the command line, and what each means. */
export const codes: Readonly<Record<string, string>> = {
  "bad-duration": "A duration does not have the form `30s`.",
  "bad-option": "An option has a value that it cannot have.",
  "bad-parallelism": "`--parallelism` is not a whole number above 0.",
  "image-lock": "The checksum of an image cannot be looked up or written.",
  "instances-path-missing": "A session libvirt on another host needs `host.instances_path`.",
  "missing-name": "A command lacks the name that it is about.",
  "no-console": "The guest has no console log yet.",
  "not-found": "Nothing of that name exists.",
  "output-failed": "The output cannot be written.",
  "plan-file": "A saved plan cannot be read or written.",
  "secret-missing": "A secret is not available where its reference says.",
  stopped: "The command was stopped by the user.",
  "unknown-image": "No image of that name is declared.",
  "unknown-option": "An option is not known.",
  "unknown-shell": "There is no completion for that shell.",
  "unknown-verb": "A command has no such subcommand.",
};
