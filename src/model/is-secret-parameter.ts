/** Whether the value of a query parameter of this name is kept out of sight: signed addresses carry their permission there. Pure. */
export function isSecretParameter(name: string): boolean {
  return /sig|token|secret|passw|pwd|credential|key|auth/i.test(name);
}
