import assert from "node:assert/strict";
import type { Lab, World, WorldOptions } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import type { Tab } from "./kit.ts";

/** Whoever signs in has this one. */
export const PASSWORD = "correct horse battery";

/** A server with a client, and a tab where `admin` is signed in. */
export async function administered(
  lab: Lab,
  open: () => Promise<Tab>,
  options: WorldOptions = {},
): Promise<World & { readonly tab: Tab }> {
  const world = await lab.connected(options);
  await addUser(world.operator, "admin", "superadmin");
  const tab = await open();
  await signIn(tab, world.server.http, "admin");
  return { ...world, tab };
}

/** Publishing on ports of this machine, for the configuration of a server. */
export const publishingHere = (): Readonly<Record<string, string>> => ({
  "publish.http_listen": `127.0.0.1:${freePort()}`,
  "publish.https_listen": `127.0.0.1:${freePort()}`,
});

/** A user who can sign in. */
export async function addUser(
  operator: Operator,
  userId: string,
  role: "superadmin" | "user" = "user",
): Promise<void> {
  const { status, body } = await operator.api("POST", "/v1/users", {
    user_id: userId,
    display_name: userId.charAt(0).toUpperCase() + userId.slice(1),
    role,
    initial_password: PASSWORD,
  });
  assert.equal(status, 201, JSON.stringify(body));
}

/** Opens the console and signs in. */
export async function signIn(tab: Tab, http: string, userId: string): Promise<void> {
  await tab.page.goto(`http://${http}/login`);
  await tab.fill("User ID", userId);
  await tab.fill("Password", PASSWORD);
  await tab.press("Sign in");
  await tab.page.getByRole("button", { name: "User menu" }).waitFor();
}

/** Goes to a place of the navigation. */
export async function visit(tab: Tab, name: string): Promise<void> {
  await tab.page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  await tab.heading(name);
}
