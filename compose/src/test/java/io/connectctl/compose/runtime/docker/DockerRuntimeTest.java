package io.connectctl.compose.runtime.docker;

import static org.awaitility.Awaitility.await;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.testing.ServerRuntimeContract;
import io.connectctl.compose.spec.PortChoice;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What every runtime does, done in containers of a real engine. */
class DockerRuntimeTest extends ServerRuntimeContract {
    @TempDir
    Path root = Path.of("set by JUnit");

    private DockerFixture fixture;
    private DockerRuntime runtime;

    @BeforeAll
    static void engineIsThere() throws Exception {
        DockerFixture.require();
    }

    @BeforeEach
    void open() {
        fixture = new DockerFixture(root);
        runtime = fixture.daemon();
    }

    @AfterEach
    void end() throws Exception {
        runtime.close();
        fixture.close();
    }

    @Override
    protected DockerRuntime runtime() {
        return runtime;
    }

    @Override
    protected LaunchPlan lasting(int incarnation) {
        return DockerFixture.plan(
                runtime,
                DockerFixture.spec(name.value(), new PortChoice.Auto(), new PortChoice.Off()),
                incarnation,
                DockerFixture.OBEDIENT);
    }

    @Override
    protected void makeExit(Instance instance, int code) throws Exception {
        fixture.inside(instance, "echo " + code + " >leave.new && mv leave.new leave");
    }

    @Override
    protected void makeSay(Instance instance, String line) throws Exception {
        await().atMost(Duration.ofSeconds(10))
                .until(() -> fixture.inside(instance, "[ -e say ] || echo free").contains("free"));
        fixture.inside(instance, "echo '" + line + "' >say.new && mv say.new say");
    }
}
