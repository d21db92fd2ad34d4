package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.connectctl.health.wire.TimedSocket;
import io.grpc.Deadline;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;

/** {@link Rung#PORT}: TCP accepts on the gRPC port. It says nothing of who listens there. */
final class TcpProbe implements Probe {
    private final ProbeTarget target;

    TcpProbe(ProbeTarget target) {
        this.target = target;
    }

    @Override
    public ProbeResult probe(Deadline deadline) throws InterruptedException {
        String address = target.host() + ":" + target.port();
        try {
            TimedSocket.connect(target.host(), target.port(), deadline.timeRemaining(TimeUnit.NANOSECONDS))
                    .close();
            return ProbeResult.PASSED;
        } catch (SocketTimeoutException e) {
            return ProbeResult.failed(Kind.TIMED_OUT, "no TCP connection to " + address + " within the deadline");
        } catch (IOException e) {
            return ProbeResult.failed(Kind.REFUSED, "no TCP connection to " + address + ": " + e.getMessage());
        }
    }
}
