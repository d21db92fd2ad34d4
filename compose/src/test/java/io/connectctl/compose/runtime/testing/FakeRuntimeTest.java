package io.connectctl.compose.runtime.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.testing.FakeRuntime.Hold;
import io.connectctl.compose.runtime.testing.FakeRuntime.Operation;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FakeRuntimeTest extends ServerRuntimeContract {
    private final FakeRuntime runtime = new FakeRuntime();

    @Override
    protected FakeRuntime runtime() {
        return runtime;
    }

    @Override
    protected LaunchPlan lasting(int incarnation) {
        return Plans.shell(runtime, spec, incarnation, "unused");
    }

    @Override
    protected void makeExit(Instance instance, int code) {
        runtime.exit(instance.server(), code);
    }

    @Override
    protected void makeSay(Instance instance, String line) {
        runtime.log(instance.server(), line);
    }

    @Test
    void scriptedFailureHitsTheNextLaunchOnly() throws Exception {
        runtime.failNext(Operation.LAUNCH, new LaunchException("PORT_TAKEN", "m", "r", false));
        assertThatThrownBy(() -> runtime.launch(lasting(1))).isInstanceOf(LaunchException.class);
        assertThat(runtime.launch(lasting(1)).running()).isTrue();
        assertThat(runtime.launches(name)).isEqualTo(1);
    }

    @Test
    void interruptedLaunchCanStillHappenLater() throws Exception {
        Hold hold = runtime.holdNext(Operation.LAUNCH).evenIfInterrupted();
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                runtime.launch(lasting(1));
                failure.complete(new AssertionError("the launch was not held"));
            } catch (LaunchException | InterruptedException e) {
                failure.complete(e);
            }
        });
        caller.start();
        hold.awaitReached();
        caller.interrupt();
        assertThat(failure.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        assertThat(runtime.find(name)).isEmpty();
        hold.release();
        assertThat(runtime.find(name)).isPresent();
    }

    @Test
    void unavailableRuntimeAnswersNothing() {
        runtime.unavailable(true);
        assertThatThrownBy(() -> runtime.find(name)).isInstanceOf(RuntimeUnavailableException.class);
    }
}
