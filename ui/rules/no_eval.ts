/**
 * Imported before anything that declares a schema: the page's policy forbids code made of text,
 * and even to try.
 *
 * @module
 */

import { config } from "zod";

config({ jitless: true });
