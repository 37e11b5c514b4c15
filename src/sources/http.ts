import { withoutCredentials } from "../model/without-credentials.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import type { Source, SourceProblem } from "./source.ts";
import { webAccess } from "./web-access.ts";

/** The web. Resumes broken downloads, follows redirections, and uses the proxies of the environment. */
function overHttp(scheme: string): Source {
  return {
    scheme,
    check: (address) => (URL.canParse(address) ? undefined : invalid(address)),
    async look({ host }) {
      if (host.route === undefined) return { way: null, bytes: null };
      const itself = await host.route.downloads();
      return { way: itself ? `${host.name} downloads it` : `downloaded here, pushed to ${host.name}`, bytes: null };
    },
    async fetch(context, { source, mirrors, access, verified, ...request }) {
      const { host, signal } = context;
      return await host.download({
        url: source,
        signal,
        ...withoutUndefined({ alternatives: mirrors, access: webAccess(context, access, source), insecureRedirects: verified }),
        ...request,
      });
    },
  };
}

function invalid(address: string): SourceProblem {
  const detail = "Its server or port is not valid. Write https://HOST/PATH, or https://HOST:PORT/PATH with a port of at most 65535.";
  return { code: "image-source-invalid", summary: `Invalid web address of an image: ${withoutCredentials(address)}`, detail };
}

export const http = overHttp("http");
export const https = overHttp("https");
