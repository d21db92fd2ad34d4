package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ImagesTest {
    @Test
    void aRequestThatFailedIsToldByItsHostAndItsOutcome() {
        assertThat(Images.inShort("Get \"https://images.example/v2/\": dial tcp: lookup images.example on"
                        + " 192.0.2.53:53: no such host"))
                .isEqualTo("no such host (images.example)");
        assertThat(Images.inShort(
                        "Get \"http://127.0.0.1:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused"))
                .isEqualTo("connection refused (127.0.0.1:5000)");
        assertThat(Images.inShort("Get https://images.example/v2/: dial tcp: i/o timeout"))
                .isEqualTo("i/o timeout (images.example)");
    }

    @Test
    void whatIsToldOtherwiseIsLeftAsItIs() {
        String said = "toomanyrequests: you have reached your pull rate limit";

        assertThat(Images.inShort(said)).isEqualTo(said);
    }
}
