// Where an address is, as a file in MaxMind's format says: country and city in English. The file is read again when it was replaced.
import { readFile, stat } from 'node:fs/promises';
import { type CityResponse, Reader } from 'mmdb-lib';

/** Where somebody is. */
export interface Place {
  country: string | null;
  city: string | null;
}

/** Tells places. */
export interface Places {
  /** The place of an address; null when the file does not know it. */
  placeOf(address: string): Place | null;
  /** Reads the file again if it was replaced. Rejects as `openPlaces`; what was read before stays in force. */
  refresh(): Promise<void>;
}

/** GeoLite2-City has 60 MB; it is kept in memory. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;

/** Opens a file. Rejects with Error when it cannot be read or has another format. */
export async function openPlaces(file: string): Promise<Places> {
  let opened = await open(file);
  return {
    placeOf: (address) => readPlace(opened.reader, address),
    async refresh() {
      const { mtimeMs, size } = await stat(file);
      if (mtimeMs !== opened.mtimeMs || size !== opened.size) opened = await open(file);
    },
  };
}

interface Opened {
  reader: Reader<CityResponse>;
  mtimeMs: number;
  size: number;
}

async function open(file: string): Promise<Opened> {
  const { mtimeMs, size } = await stat(file);
  if (size > FILE_BYTES_MAX) throw new RangeError(`${file} has more than ${FILE_BYTES_MAX} bytes`);
  return { reader: new Reader<CityResponse>(await readFile(file)), mtimeMs, size };
}

function readPlace(reader: Reader<CityResponse>, address: string): Place | null {
  try {
    const found = reader.get(address);
    const [country, city] = [found?.country?.names.en ?? null, found?.city?.names.en ?? null];
    return country === null && city === null ? null : { country, city };
  } catch {
    // An IPv6 address in a file of IPv4, or what is no address: nothing is known of it.
    return null;
  }
}
