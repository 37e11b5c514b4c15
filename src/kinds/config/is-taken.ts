/** Whether an address is that of a disk of an instance, or of a volume, which is taken once. */
export function isTaken(source: string): boolean {
  return /^(?:instance|volume):\/\//.test(source);
}
