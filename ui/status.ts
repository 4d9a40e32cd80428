/** What anyone may know of a server: whether it works, and whether it has been set up. */
export interface ServerStatus {
  readonly version: string;
  readonly ready: boolean;
  readonly onboardingRequired: boolean;
}

async function getJson(path: string): Promise<{ ok: boolean; body: Record<string, unknown> }> {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  return { ok: response.ok, body: await response.json() };
}

/** Asks the server. Rejects when it cannot be reached. */
export async function fetchStatus(): Promise<ServerStatus> {
  const [version, ready, auth] = await Promise.all([
    getJson("/v1/version"),
    getJson("/readyz"),
    getJson("/v1/auth/status"),
  ]);
  return {
    version: String(version.body["version"]),
    ready: ready.ok,
    onboardingRequired: auth.body["onboarding_required"] === true,
  };
}
