package io.connectctl.health.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectUrlTest {
    @Test
    void everyParameterOfClientsIsRead() throws BadUrlException {
        ConnectUrl url = ConnectUrl.parse(
                "sc://spark.example.com:443/;use_ssl=TRUE;token=a%3Db+c;user_id=ada;x-team=etl;grpc_max_message_size=1024;"
                        + "session_id=9c3c4e2f-0b1a-4a57-8a4e-0f9c3c4e2f0b");

        assertThat(url.host()).isEqualTo("spark.example.com");
        assertThat(url.port()).isEqualTo(443);
        assertThat(url.useSsl()).isTrue();
        assertThat(url.token()).contains("a=b+c");
        assertThat(url.userId()).isEqualTo("ada");
        assertThat(url.maxMessage()).hasValue(1024);
        assertThat(url.headers()).containsOnlyKeys("x-team");
        assertThat(url.toString()).doesNotContain("a=b").doesNotContain("etl");
    }

    @ParameterizedTest
    @CsvSource({
        "sc://localhost,localhost,15002",
        "sc://localhost/,localhost,15002",
        "sc://localhost:1/;,localhost,1",
        "sc://[::1]:15020,::1,15020",
        "sc://[::1],::1,15002"
    })
    void hostAndPortHaveTheirDefaults(String text, String host, int port) throws BadUrlException {
        ConnectUrl url = ConnectUrl.parse(text);

        assertThat(url.host()).isEqualTo(host);
        assertThat(url.port()).isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost:15002",
                "http://localhost:15002",
                "sc://",
                "sc://:15002",
                "sc://host:0",
                "sc://host:65536",
                "sc://host:port",
                "sc://host:",
                "sc://::1:15002",
                "sc://[::1:15002",
                "sc://[::1]x",
                "sc://host/path",
                "sc://host;token=abc",
                "sc://host/; x-team=etl",
                "sc://host/;x-team =etl",
                "sc://host/;x-trace-bin=AAAA",
                "sc://host/;X-TRACE-BIN=AAAA",
                "sc://user@host",
                "sc://ho st",
                "sc://host/;token",
                "sc://host/;token=",
                "sc://host/;=x",
                "sc://host/;token=%zz",
                "sc://host/;use_ssl=yes",
                "sc://host/;session_id=1",
                "sc://host/;grpc_max_message_size=1m"
            })
    void whatNoClientTakesIsRefusedWithARemedy(String text) {
        assertThatThrownBy(() -> ConnectUrl.parse(text)).isInstanceOfSatisfying(BadUrlException.class, refusal -> {
            assertThat(refusal.getMessage()).isNotEmpty();
            assertThat(refusal.remedy()).isNotEmpty();
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sc://host:x/;token=s3cr3t",
                "sc://host:15002;token=s3cr3t/",
                "sc://host;token=s3cr3t/",
                "sc://host;token=s3cr3t/;use_ssl=true",
                "sc://host:15002?token=s3cr3t",
                "sc://host?token=s3cr3t/",
                "sc://a:b:token=s3cr3t",
                "sc://host:15002=s3cr3t",
                "sc://user:s3cr3t@host:15002",
                "sc://[::1]?token=s3cr3t",
                "sc://host/;use_ssl=true&token=s3cr3t",
                "sc://host/;session_id=1,token=s3cr3t",
                "sc://host/;grpc_max_message_size=1&token=s3cr3t",
                "sc://host/;token=abc;s3cr3t+/=",
                "host:15002/;token=s3cr3t;x-from=http://a"
            })
    void aRefusalDoesNotQuoteTheToken(String text) {
        assertThatThrownBy(() -> ConnectUrl.parse(text)).isInstanceOfSatisfying(BadUrlException.class, refusal -> {
            assertThat(refusal.getMessage()).doesNotContain("s3cr3t");
            assertThat(refusal.remedy()).doesNotContain("s3cr3t");
        });
    }
}
