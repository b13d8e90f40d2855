// A place as a map that is drawn, not fetched: streets, a park and water made from the coordinates.
import { numberAt, textAt } from '../pure/json.js';
import { randomOf } from '../pure/numbers.js';
import { texts } from '../texts.js';

const WIDTH = 260;
const HEIGHT = 140;

/** A location bubble: the map, and name and address below it. */
export function Place({ value }: { value: unknown }) {
  const latitude = numberAt(value, 'latitude') ?? 0;
  const longitude = numberAt(value, 'longitude') ?? 0;
  const name = textAt(value, 'name');
  const address = textAt(value, 'address');
  const href = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  return (
    <a
      class="place"
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={`${texts.bubble.location}: ${name || `${latitude}, ${longitude}`}`}
    >
      <MapTile latitude={latitude} longitude={longitude} />
      <span class="place-text">
        <strong>{name || texts.bubble.location}</strong>
        <small>{address || `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`}</small>
      </span>
    </a>
  );
}

/** The map with its pin; the same place always looks the same. */
export function MapTile({ latitude, longitude }: { latitude: number; longitude: number }) {
  const random = randomOf(`${latitude.toFixed(3)}:${longitude.toFixed(3)}`);
  const tilt = random() * 40 - 20;
  const streets = Array.from({ length: 9 }, (_, index) => ({
    at: -90 + index * 46 + random() * 22,
    width: random() > 0.72 ? 9 : 4,
  }));
  const lanes = Array.from({ length: 6 }, (_, index) => ({
    at: -60 + index * 48 + random() * 20,
    width: random() > 0.78 ? 9 : 4,
  }));
  const park = { x: random() * 160, y: random() * 70, size: 46 + random() * 36 };
  const bank = 20 + random() * 60;
  return (
    <svg class="map" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect class="map-ground" width={WIDTH} height={HEIGHT} />
      <g transform={`rotate(${tilt} ${WIDTH / 2} ${HEIGHT / 2})`}>
        <rect class="map-park" x={park.x} y={park.y} width={park.size * 1.5} height={park.size} rx={8} />
        {streets.map(({ at, width }) => (
          <path key={`s${at}`} class="map-street" stroke-width={width} d={`M${at} -120V260`} />
        ))}
        {lanes.map(({ at, width }) => (
          <path key={`l${at}`} class="map-street" stroke-width={width} d={`M-120 ${at}H400`} />
        ))}
      </g>
      <path
        class="map-water"
        d={`M0 ${HEIGHT}V${HEIGHT - bank * 0.3}Q${WIDTH * 0.3} ${HEIGHT - bank * 0.6} ${WIDTH * 0.55} ${HEIGHT}Z`}
      />
      <ellipse class="map-shadow" cx={WIDTH / 2} cy={HEIGHT / 2 + 13} rx={7} ry={2.5} />
      <path
        class="map-pin"
        d={`M${WIDTH / 2} ${HEIGHT / 2 + 13}c0 0 12 -11 12 -20a12 12 0 10 -24 0c0 9 12 20 12 20z`}
      />
      <circle class="map-eye" cx={WIDTH / 2} cy={HEIGHT / 2 - 7} r={4.5} />
    </svg>
  );
}
