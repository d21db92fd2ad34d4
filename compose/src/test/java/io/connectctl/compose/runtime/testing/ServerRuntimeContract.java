package io.connectctl.compose.runtime.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every runtime does. A runtime's test extends this and says how it launches something that lives until it is told. */
public abstract class ServerRuntimeContract {
    protected final ServerSpec spec = Plans.spec("sales", new PortChoice.Auto());
    protected final ServerName name = spec.name();

    /** The runtime under test, the same one for the whole of a test. */
    protected abstract ServerRuntime runtime();

    /** A plan whose server runs until SIGTERM and then exits with 143. */
    protected abstract LaunchPlan lasting(int incarnation);

    /** Makes the running server exit by itself with this code. */
    protected abstract void makeExit(Instance instance, int code) throws Exception;

    /** Makes the running server write a line to its log. */
    protected abstract void makeSay(Instance instance, String line) throws Exception;

    @Test
    void launchedInstanceIsFoundAndListed() throws Exception {
        Instance launched = runtime().launch(lasting(1));
        assertThat(launched.running()).isTrue();
        assertThat(launched.incarnation()).isEqualTo(1);
        assertThat(launched.marker()).startsWith("sales/1/");
        assertThat(runtime().find(name)).contains(launched);
        assertThat(runtime().list()).containsExactly(launched);
    }

    @Test
    void secondLaunchIsRefusedWhileTheFirstLives() throws Exception {
        runtime().launch(lasting(1));
        assertThatThrownBy(() -> runtime().launch(lasting(2)))
                .isInstanceOfSatisfying(
                        LaunchException.class, e -> assertThat(e.code()).isEqualTo("ALREADY_RUNNING"));
        assertThat(runtime().list()).hasSize(1);
    }

    @Test
    void haltEndsTheInstanceAndTellsHow() throws Exception {
        runtime().launch(lasting(1));
        Optional<Instance> ended = runtime().halt(name, Duration.ofSeconds(10));
        assertThat(ended).get().satisfies(instance -> {
            assertThat(instance.exit()).isPresent();
            assertThat(instance.exit().orElseThrow().code()).hasValue(143);
        });
        assertThat(runtime().find(name)).isEqualTo(ended);
        assertThat(runtime().list()).isEmpty();
    }

    @Test
    void haltOfNothingIsFine() throws Exception {
        assertThat(runtime().halt(name, Duration.ofSeconds(1))).isEmpty();
        assertThat(runtime().find(name)).isEmpty();
    }

    @Test
    void exitIsToldAtOnceWithItsCode() throws Exception {
        LinkedBlockingQueue<Instance> told = new LinkedBlockingQueue<>();
        try (AutoCloseable watch = runtime().watch(told::add)) {
            assertThat(watch).isNotNull();
            Instance launched = runtime().launch(lasting(1));
            makeExit(launched, 5);
            Instance ended = told.poll(10, TimeUnit.SECONDS);
            assertThat(ended).isNotNull();
            assertThat(ended.incarnation()).isEqualTo(1);
            assertThat(ended.exit().orElseThrow().code()).hasValue(5);
        }
    }

    @Test
    void endedServerCanBeLaunchedAgain() throws Exception {
        runtime().launch(lasting(1));
        runtime().halt(name, Duration.ofSeconds(10));
        Instance second = runtime().launch(lasting(2));
        assertThat(second.incarnation()).isEqualTo(2);
        assertThat(runtime().find(name)).contains(second);
    }

    @Test
    void logsGiveTheLastLines() throws Exception {
        Instance launched = runtime().launch(lasting(1));
        makeSay(launched, "one");
        makeSay(launched, "two");
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            List<String> lines = new ArrayList<>();
            runtime().logs(name, LogRequest.tail(1), line -> lines.add(line));
            assertThat(lines).containsExactly("two");
        });
    }

    @Test
    void usageIsKnownWhileItRuns() throws Exception {
        assertThat(runtime().usage(name)).isEmpty();
        runtime().launch(lasting(1));
        assertThat(runtime().usage(name)).get().satisfies(usage -> assertThat(usage.threads())
                .isPositive());
    }

    @Test
    void discardRefusesWhatRunsAndForgetsWhatEnded() throws Exception {
        runtime().launch(lasting(1));
        assertThatThrownBy(() -> runtime().discard(name, true)).isInstanceOf(IllegalStateException.class);
        runtime().halt(name, Duration.ofSeconds(10));
        runtime().discard(name, true);
        assertThat(runtime().find(name)).isEmpty();
    }
}
