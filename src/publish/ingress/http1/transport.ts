/** A connection as far as HTTP needs it; `Deno.TcpConn` and `Deno.TlsConn` are such. */
export interface Transport {
  /** Reads into `buffer`; `null` when the peer will send no more. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes`, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Tells the peer that nothing more comes. */
  closeWrite(): Promise<void>;
  close(): void;
}

/** Writes all of `bytes`. @throws what the transport says */
export async function writeAll(transport: Transport, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    const written = await transport.write(rest);
    rest = rest.subarray(written);
  }
}
