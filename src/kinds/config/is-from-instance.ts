/** Whether an address is that of a disk of an instance, which is taken once. */
export function isFromInstance(source: string): boolean {
  return source.startsWith("instance://");
}
