import type { Source } from "./source.ts";

/** The web. Continues broken downloads, follows redirections, and goes through the proxies of the environment. */
function overHttp(scheme: string): Source {
  return {
    scheme,
    fetch: ({ host, signal }, { source, ...request }) => host.download({ url: source, signal, ...request }),
  };
}

export const http = overHttp("http");
export const https = overHttp("https");
