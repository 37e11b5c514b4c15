/** Whether an address is one of a web server. Pure. */
export function isWeb(address: string): boolean {
  return /^https?:/i.test(address);
}
