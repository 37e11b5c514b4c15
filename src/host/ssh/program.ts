/**
 * The ssh program and arguments that always go with it: the system's, or what VIRTFORM_SSH names, separated by
 * spaces: `ssh -F /etc/virtform/ssh_config`. No shell reads it, so there are no quotes.
 */
export function sshProgram(environment: Readonly<Record<string, string | undefined>> = process.env): {
  readonly program: string;
  readonly args: readonly string[];
} {
  const [program = "ssh", ...args] = (environment["VIRTFORM_SSH"] ?? "").split(/\s+/).filter((word) => word !== "");
  return { program, args };
}
