// The SMPP client against an SMSC that is not ours: Perl's Net::SMPP as the listening side.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { PieceAnswer, Receipt, Sms } from '../../src/sms/provider.js';
import { createSmpp } from '../../src/sms/smpp.js';
import { until } from '../support/until.js';

const hasPerl = spawnSync('perl', ['-MNet::SMPP', '-e', '1']).status === 0;
const skip = hasPerl ? false : 'no Net::SMPP (apt-get install libnet-smpp-perl)';

/** Takes one connection after the other; tells what it is asked as lines, and sends a receipt for each submit. */
const SMSC = `
use strict; use warnings; use Net::SMPP; $| = 1;
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, timeout => 120) or die "listen: $!";
print 'port ', $server->sockport, "\\n";
my $count = 0;
while (my $c = $server->accept) {
  \${*$c}{async} = 1;
  while (my $pdu = $c->read_pdu) {
    my $cmd = $pdu->{cmd};
    if ($cmd == 0x00000009) {
      print "bind $pdu->{system_id} $pdu->{password}\\n";
      $c->set_version(0x34);
      $c->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl');
    } elsif ($cmd == 0x00000004) {
      $count++;
      my $hex = unpack('H*', $pdu->{short_message});
      print "submit $pdu->{source_addr} $pdu->{destination_addr} $pdu->{data_coding} $pdu->{esm_class} $hex\\n";
      if ($hex =~ /^7468726f74746c65/ && $count % 2) {
        $c->submit_sm_resp(seq => $pdu->{seq}, message_id => '', status => 0x58);
        next;
      }
      $c->submit_sm_resp(seq => $pdu->{seq}, message_id => "perl-$count");
      last if $hex =~ /^646965/;
      $c->deliver_sm(source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr}, esm_class => 4,
        short_message => "id:perl-$count sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:");
    } elsif ($cmd == 0x80000005) {
      print "receipt taken $pdu->{status}\\n";
    } elsif ($cmd == 0x00000015) {
      $c->enquire_link_resp(seq => $pdu->{seq});
    } elsif ($cmd == 0x00000006) {
      print "unbind\\n";
      $c->unbind_resp(seq => $pdu->{seq});
      last;
    }
  }
  close $c;
}
`;

function sms(text: string): Sms {
  const message = '0198a000-0000-7000-8000-0000000000ab';
  return { message, day: 20_260_101, from: 'Depot', to: '441134960001', text, taken: new Set() };
}

test('binds, sends in parts, obeys throttling, takes receipts, comes back and says goodbye to Net::SMPP', {
  skip,
}, async () => {
  const perl = spawn('perl', ['-e', SMSC], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: perl.stdout }).on('line', (line) => lines.push(line));
  const receipts: Receipt[] = [];
  const troubles: string[] = [];
  try {
    const port = await until('a port', () => Number(lines[0]?.split(' ')[1]) || undefined);
    const address = { host: '127.0.0.1', port, tls: false, systemId: 'parley', password: 'secret', systemType: '' };
    const provider = createSmpp(
      { ...address, window: 5, throughput: 100 },
      {
        onReceipt: async (receipt) => void receipts.push(receipt),
        onReady: () => {},
        onTrouble: (reason) => troubles.push(reason),
      },
    );
    const isReady = () => until('bound', () => provider.isReady(), 20_000);
    await isReady();
    // What Perl prints can come after what it answers.
    await until('the bind', () => lines.includes('bind parley secret'));

    const [plain] = await provider.send(sms('Order {7} €'));
    assert.deepEqual(plain, { piece: 0, kind: 'taken', id: 'perl-1' });
    const hex = Buffer.from('Order \x1b(7\x1b) \x1be', 'latin1').toString('hex');
    await until('the submit', () => lines.includes(`submit Depot 441134960001 0 0 ${hex}`));

    const long = await provider.send(sms('ж'.repeat(80)));
    assert.deepEqual(
      long.map(({ kind }) => kind),
      ['taken', 'taken'],
    );
    const parts = await until('both parts', () => {
      const found = lines.filter((line) => line.startsWith('submit') && line.split(' ')[3] === '8');
      return found.length === 2 ? found : undefined;
    });
    assert.deepEqual(parts.map((line) => [line.split(' ')[4], line.split(' ')[5]?.slice(0, 12)]).sort(), [
      ['64', '050003ab0201'],
      ['64', '050003ab0202'],
    ]);
    await until('three receipts', () => receipts.length === 3);
    assert.ok(receipts.every(({ outcome }) => outcome === 'delivered'));
    await until('their acknowledgements', () => lines.filter((line) => line === 'receipt taken 0').length === 3);

    let throttled: PieceAnswer[] = await provider.send(sms('throttle'));
    if (throttled[0]?.kind === 'taken') throttled = await provider.send(sms('throttle'));
    assert.equal(throttled[0]?.kind, 'later');
    assert.equal(provider.isReady(), false);
    await isReady();
    assert.equal((await provider.send(sms('throttle')))[0]?.kind, 'taken');

    await provider.send(sms('die'));
    await until('the connection is gone', () => troubles.length > 0);
    await isReady();
    await until('the second bind', () => lines.filter((line) => line.startsWith('bind ')).length === 2);
    assert.equal((await provider.send(sms('back')))[0]?.kind, 'taken');
    await provider.stop();
    await until('goodbye', () => lines.includes('unbind'));
  } finally {
    perl.kill('SIGTERM');
  }
});
