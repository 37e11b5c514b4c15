/** The stable codes of problems with failures of the machine, of programs and of virtform itself, and what each means. */
export const codes: Readonly<Record<string, string>> = {
  "command-failed": "A program on the host failed. The message names the command line and the end of its error output.",
  "host-unreachable":
    "The host, libvirt or the storage cluster cannot be reached or stopped answering. Nothing that was not seen is taken for absent.",
  "internal-error": "A bug in virtform. The detail is its stack; please report it.",
  "program-missing": "A program that is needed on the host is not installed.",
  "system-error": "The operating system refused a call: a full disk, a closed connection.",
  "unexpected-answer": "A program or daemon answered in a form that is not understood.",
};
