package io.connectctl.junit5;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeaseTest {
    private FakeConnectctl fake;

    @BeforeEach
    void install(@TempDir Path folder) {
        fake = new FakeConnectctl(folder);
    }

    private Lease take(String ttl, String... options) {
        Duration time = Duration.parse("PT" + ttl);
        return Lease.take(fake.found(), new Declaration(List.of(options), time, Reuse.CLASS));
    }

    @Test
    void belongsToThisProcessAndIsGivenBack() {
        Lease lease = take("20M", "--spark", "4.0.1");

        assertThat(fake.calls("lease"))
                .containsExactly("lease --quiet --spark 4.0.1 --ttl 1200000ms --owner "
                        + ProcessHandle.current().pid() + " -o dotenv");
        assertThat(fake.held()).containsExactly("lease-1");
        lease.release();
        assertThat(fake.held()).isEmpty();
    }

    @Test
    void isRenewedUntilItIsGivenBack() {
        Lease lease = take("0.3S");

        await().until(() -> fake.calls("renew 1").size() >= 2);
        lease.release();

        assertThat(fake.held()).isEmpty();
    }

    @Test
    void renewalThatFailedIsTriedAgain() {
        fake.fails("renew", 7, "the daemon can't be reached");
        Lease lease = take("0.3S");

        await().until(() -> fake.calls("renew 1").size() >= 2);
        lease.release();
    }

    @Test
    void oneThatEndedByItselfIsNotRenewedAnyMore() {
        fake.fails("renew", 5, "there is no lease 1");
        take("0.3S");

        await().until(() -> !fake.calls("renew 1").isEmpty());
        await().during(Duration.ofMillis(500)).until(() -> fake.calls("renew 1").size() == 1);
    }

    @Test
    void whatCantBeGivenBackFailsNoTest() {
        fake.fails("release", 7, "the daemon can't be reached");
        take("20M").release();

        assertThat(fake.calls("release 1")).hasSize(1);
    }

    @Test
    void failureIsToldInConnectctlsOwnWords() {
        fake.fails("lease", 4, "lease-1 FAILED  CLASS_NOT_FOUND: no.such.Plugin\n  name it in --packages");

        assertThatThrownBy(() -> take("20M"))
                .isInstanceOf(ConnectServerException.class)
                .hasMessage(
                        """
                        connectctl lease failed (exit code 4):
                        lease-1 FAILED  CLASS_NOT_FOUND: no.such.Plugin
                          name it in --packages""");
    }

    @Test
    void handleTellsWhereTheServerIsAndKeepsItsTokenToItself() {
        ConnectServerHandle handle = take("20M").handle();

        assertThat(handle.name()).isEqualTo("lease-1");
        assertThat(handle.url()).isEqualTo("sc://localhost:15001");
        assertThat(handle.port()).isEqualTo(15001);
        assertThat(handle.token()).contains("secret-1");
        assertThat(handle.urlWithToken()).isEqualTo("sc://localhost:15001/;token=secret-1");
        assertThat(handle.environment())
                .containsOnlyKeys(
                        "SPARK_REMOTE",
                        "SPARK_CONNECT_AUTHENTICATE_TOKEN",
                        "SPARK_CONNECT_RELEASE_SESSION_ON_EXIT",
                        "CONNECTCTL_SERVER");
        assertThat(handle.logs()).isEqualTo("log of lease-1\n");
        assertThat(handle).hasToString("lease-1 at sc://localhost:15001");
    }

    @Test
    void spark3HasNoToken() {
        ConnectServerHandle handle = take("20M", "--spark", "3.5.0").handle();

        assertThat(handle.token()).isEmpty();
        assertThat(handle.urlWithToken()).isEqualTo(handle.url());
    }

    @Test
    void restartTellsTheUrlAnew() {
        ConnectServerHandle handle = take("20M").handle();

        handle.restart();

        assertThat(fake.calls("restart")).containsExactly("restart --quiet --force lease-1");
        assertThat(handle.urlWithToken()).isEqualTo("sc://localhost:16001/;token=secret-1");
        assertThat(handle.environment()).containsEntry("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "1");
    }

    @Test
    void restartThatFailedSaysWhy() {
        ConnectServerHandle handle = take("20M").handle();
        fake.fails("restart", 4, "lease-1 FAILED  OUT_OF_MEMORY_HEAP");

        assertThatThrownBy(handle::restart).hasMessageContaining("OUT_OF_MEMORY_HEAP");
    }

    @Test
    void linesThatAreNoVariablesAreRefusedAndNotShown() {
        assertThatThrownBy(() -> Dotenv.parse("A='1'\nSPARK_CONNECT_AUTHENTICATE_TOKEN=secret"))
                .hasMessageContaining("line 2")
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> Dotenv.parse("A='1' B='2'")).hasMessageContaining("line 1");
        assertThatThrownBy(() -> Dotenv.required(Dotenv.parse("A=''"), "A")).hasMessageContaining("no A");
    }
}
