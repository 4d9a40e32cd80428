/**
 * Files and folders that were dropped on the page, or chosen, with their paths.
 *
 * @module
 */

import type { ChosenFile } from "./uploads.ts";

/** `name` inside the directory `into`, which is empty for the root. */
export const pathIn = (into: string, name: string): string =>
  into === "" ? name : `${into}/${name}`;

/** Files of an input; those of a chosen folder have their paths in it. */
export function chosenFiles(files: Iterable<File>, into: string): ChosenFile[] {
  return Array.from(files, (file) => ({
    path: pathIn(into, file.webkitRelativePath || file.name),
    file,
  }));
}

/**
 * Everything that was dropped, whatever is in folders included. The entries have to be taken from
 * `items` at once: they are gone with the event.
 */
export async function droppedFiles(
  items: Iterable<DataTransferItem>,
  into: string,
): Promise<ChosenFile[]> {
  const entries = Array.from(items, (it) => it.webkitGetAsEntry()).filter((it) => it !== null);
  const found = await Promise.all(entries.map((entry) => filesOf(entry, into)));
  return found.flat();
}

async function filesOf(entry: FileSystemEntry, into: string): Promise<ChosenFile[]> {
  const path = pathIn(into, entry.name);
  if (entry.isFile) return [{ path, file: await fileOf(entry as FileSystemFileEntry) }];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: ChosenFile[] = [];
  // A reader gives a hundred at a time, and none at the end.
  for (let some = await read(reader); some.length > 0; some = await read(reader)) {
    for (const inside of some) found.push(...await filesOf(inside, path));
  }
  return found;
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

const read = (reader: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
