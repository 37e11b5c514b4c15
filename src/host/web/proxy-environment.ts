import { TransferError } from "./transfer-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment from which Node takes its proxies, with a proxy that is written as HOST:PORT as an address, as curl reads it: Node would pass over it. Throws a
 * TransferError where the proxy for `address` is of another kind than http and https, because the server must not be asked without it.
 */
export function proxyEnvironment(environment: Environment, address: URL): Record<string, string | undefined> {
  const secure = address.protocol === "https:";
  const names = secure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"];
  const name = names.find((one) => environment[one] !== undefined);
  const value = name === undefined ? "" : (environment[name] ?? "");
  if (name === undefined || value === "" || /^https?:\/\//i.test(value)) return { ...environment };
  if (!value.includes("://")) return { ...environment, [name]: `http://${value}` };
  if (isExcluded(environment["no_proxy"] ?? environment["NO_PROXY"] ?? "", address)) return { ...environment };
  // The setting may hold a password.
  const [scheme = ""] = value.split("://");
  throw new TransferError(`the proxy of ${name} is of a kind that is not supported (${scheme.slice(0, 20)}://)`, {
    again: false,
    hint: `Name an http or https proxy in ${name}: http://proxy.example.org:3128. Servers that are reached without a proxy belong into no_proxy.`,
  });
}

/** Whether `no_proxy` names a server: by its name or address, by an end of its name, or all of them. */
function isExcluded(list: string, { hostname, port, protocol }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  const own = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return list.split(/[\s,]+/).some((entry) => {
    const [, name = "", only = own] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (entry === "*" || entry.toLowerCase() === host) return true;
    return name !== "" && only === own && (name === host || host.endsWith(name.replace(/^\*?\.?/, ".")));
  });
}
