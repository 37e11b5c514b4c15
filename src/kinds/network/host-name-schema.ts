/** A name of a machine or a domain in DNS. */
export const hostName = {
  type: "string",
  pattern: "^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$",
  expects: "a host name of letters, digits, dots and hyphens",
} as const;
