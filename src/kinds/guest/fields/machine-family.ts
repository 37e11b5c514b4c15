/** The alias that a versioned machine type belongs to, `q35` for `pc-q35-8.2`; any other type as it is. */
export function machineFamily(machine: string): string {
  if (/^pc-q35-/.test(machine)) return "q35";
  if (/^pc-i440fx-/.test(machine)) return "pc";
  return /^virt-/.test(machine) ? "virt" : machine;
}
