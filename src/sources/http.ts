import type { Source } from "./source.ts";

/** The web. Resumes broken downloads, follows redirections, and uses the proxies of the environment. */
function overHttp(scheme: string): Source {
  return {
    scheme,
    async look({ host }) {
      if (host.route === undefined) return { way: null, bytes: null };
      const itself = await host.route.downloads();
      return { way: itself ? `${host.name} downloads it` : `downloaded here, pushed to ${host.name}`, bytes: null };
    },
    fetch: ({ host, signal }, { source, ...request }) => host.download({ url: source, signal, ...request }),
  };
}

export const http = overHttp("http");
export const https = overHttp("https");
