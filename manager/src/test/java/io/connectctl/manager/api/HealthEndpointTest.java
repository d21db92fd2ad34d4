package io.connectctl.manager.api;

import static io.connectctl.manager.api.ScriptedFleet.healthy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.manager.lifecycle.Phase;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HealthEndpointTest {
    private final ScriptedFleet fleet = new ScriptedFleet();
    private HealthEndpoint endpoint;
    private ManagedChannel channel;

    @BeforeEach
    void open() throws IOException {
        fleet.put(healthy("sales"));
        endpoint = HealthEndpoint.open(0, fleet.servers());
        channel = NettyChannelBuilder.forAddress("127.0.0.1", endpoint.port())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        endpoint.close();
    }

    private ServingStatus check(String service) {
        return HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .check(HealthCheckRequest.newBuilder().setService(service).build())
                .getStatus();
    }

    @Test
    void aServersNameIsItsServiceAndTheEmptyNameIsTheDaemon() {
        assertThat(check("")).isEqualTo(ServingStatus.SERVING);
        assertThat(check("sales")).isEqualTo(ServingStatus.SERVING);
        endpoint.accept(fleet.tell("sales", 1, "phase", Phase.UNHEALTHY, "HEALTHY -> UNHEALTHY"));
        assertThat(check("sales")).isEqualTo(ServingStatus.NOT_SERVING);
        endpoint.accept(fleet.tell("sales", 1, "phase", Phase.STOPPED, "STOPPING -> STOPPED"));
        assertThat(check("sales")).isEqualTo(ServingStatus.NOT_SERVING);
    }

    @Test
    void anUnknownAndARemovedServerAreNotFound() {
        assertThatThrownBy(() -> check("nobody")).satisfies(HealthEndpointTest::isNotFound);
        endpoint.accept(fleet.tell("sales", 1, "removed", Phase.STOPPED, "removed"));
        assertThatThrownBy(() -> check("sales")).satisfies(HealthEndpointTest::isNotFound);
    }

    private static void isNotFound(Throwable thrown) {
        assertThat(((StatusRuntimeException) thrown).getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void aWatcherHearsEveryChange() throws InterruptedException {
        BlockingQueue<ServingStatus> heard = new LinkedBlockingQueue<>();
        HealthGrpc.newStub(channel)
                .watch(HealthCheckRequest.newBuilder().setService("sales").build(), new StreamObserver<>() {
                    @Override
                    public void onNext(HealthCheckResponse value) {
                        heard.add(value.getStatus());
                    }

                    @Override
                    public void onError(Throwable t) {}

                    @Override
                    public void onCompleted() {}
                });
        assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(ServingStatus.SERVING);
        endpoint.accept(fleet.tell("sales", 1, "phase", Phase.STOPPING, "HEALTHY -> STOPPING"));
        assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(ServingStatus.NOT_SERVING);
        endpoint.accept(fleet.tell("sales", 2, "phase", Phase.HEALTHY, "STARTING -> HEALTHY"));
        assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void aTakenPortIsToldWithItsNumber() {
        assertThatThrownBy(() -> HealthEndpoint.open(endpoint.port(), List.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:" + endpoint.port());
    }
}
