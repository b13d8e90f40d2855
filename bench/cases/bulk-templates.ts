// bulk-templates: 10,000 template messages in one request, from the request to both reports of the last; and how long its answer takes.
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { makePlace, startGateway } from '../gateway.js';
import { measureBulk, startRig } from '../rig.js';

/** Messages of one request: as many as one may have. */
const COUNT = 10_000;

/** The case. */
export const bulkTemplates: Case = {
  name: 'bulk-templates',
  async run(bench: Bench): Promise<Row[]> {
    const rig = await startRig(bench);
    const gateway = await startGateway(bench, await makePlace(bench), { metaUrl: rig.stub.url });
    const answers: number[] = [];
    const measure = async () => {
      const { round, acceptedMs } = await measureBulk(rig, gateway, COUNT);
      answers.push(acceptedMs);
      bench.say(`  answered after ${acceptedMs.toFixed(0)} ms`);
      return round;
    };
    // The first one meets code that was never run.
    await measure();
    answers.length = 0;
    const row = await compare(bench, { case: 'bulk-templates', unit: 'messages/s' }, { name: 'gateway', measure });
    const sorted = answers.sort((a, b) => a - b);
    const value = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    const none = { p99Ms: null, baseline: null, baselineValue: null, ratio: null, spread: null };
    const cpu = { cpuMsGateway: null, cpuMsPostgres: null };
    return [row, { case: 'bulk-templates-answer', value, unit: 'ms', ...none, ...cpu }];
  },
};
