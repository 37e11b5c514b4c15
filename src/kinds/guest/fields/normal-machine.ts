/** libvirt writes the versioned machine that an alias stood for; that is no change. */
export function normalMachine(machine: string): string;
export function normalMachine(machine: string | undefined): string | undefined;
export function normalMachine(machine: string | undefined): string | undefined {
  if (machine === undefined) return undefined;
  if (/^pc-q35-/.test(machine)) return "q35";
  if (/^pc-i440fx-/.test(machine)) return "pc";
  return /^virt-\d/.test(machine) ? "virt" : machine;
}
