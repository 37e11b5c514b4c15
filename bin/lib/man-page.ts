import type { CommandDefinition } from "../../src/commands/command.ts";
import { allOptions, optionForm } from "../../src/commands/help.ts";
import { commands } from "../../src/commands/index.ts";
import { version } from "../../src/version.ts";

/** The text of the manual page virtform(1), in the language of man(7). */
export async function manPage(): Promise<string> {
  const sections = await Promise.all(Object.entries(commands).map(async ([name, { load }]) => commandSection(name, await load())));
  return `.\\" Made from the definitions of the commands by npm run schema.
.TH VIRTFORM 1 "" "virtform ${version}" "User Commands"
.SH NAME
virtform \\- plan and apply for libvirt hosts
.SH SYNOPSIS
.B virtform
.RB [ \\-C
.IR DIR ]
.I COMMAND
.RI [ PATH ...]
[options]
.SH DESCRIPTION
${paragraphs([
  "virtform makes a libvirt/KVM host match a configuration in YAML: images, flavors, key pairs, volumes and instances. There is no state file; the host is the state.",
  "A PATH is a file, or a directory whose virtform.yaml and *.virtform.yaml are merged. Default: the current directory, or DIR.",
])}
.SH COMMANDS
${sections.join("\n")}
.SH EXIT STATUS
${terms([
  ["0", "Done, or nothing to do."],
  ["1", "Error, or the host was not read completely."],
  ["2", "drift, and plan with --detailed-exitcode: there are changes."],
])}
.SH ENVIRONMENT
${terms([
  ["VIRTFORM_VAR_NAME", "Value of the variable NAME of the configuration."],
  ["VIRTFORM_TRACE", "1 or the name of a file: like --trace."],
  ["VIRTFORM_SSH", "The ssh program for hosts over ssh, with arguments separated by spaces. Default: ssh."],
  ["VIRTFORM_SSH_PERSIST", "Seconds that a connection over ssh stays for the next command. 0: it ends with the command. Default: 60."],
  ["NO_COLOR", "Disables colours."],
])}
.SH FILES
${terms([
  ["virtform.yaml, *.virtform.yaml", "The configuration in a directory. `virtform schema` describes every key."],
  ["/var/lib/virtform/instances", "Disks and base images on the host, unless host.instances_path says otherwise."],
])}
.SH SEE ALSO
.BR virsh (1),
.BR qemu-img (1)
`;
}

function commandSection(name: string, command: CommandDefinition): string {
  const options = allOptions(name, command).map(([option, definition]) => [optionForm(option, definition), definition.help] as const);
  return [
    `.SS ${escaped(`virtform ${name} ${command.usage}`.trimEnd())}`,
    paragraphs([`${command.summary}.`, command.description]),
    terms(options),
    ".PP\nExamples:",
    terms(command.examples),
  ].join("\n");
}

function terms(list: readonly (readonly [term: string, text: string])[]): string {
  return list.map(([term, text]) => `.TP\n.B ${escaped(term)}\n${escaped(text)}`).join("\n");
}

function paragraphs(texts: readonly string[]): string {
  return texts.map(escaped).join("\n.PP\n");
}

/** Text that roff prints as it is. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("…", "...")
    .replace(/^\./gm, "\\&.");
}
