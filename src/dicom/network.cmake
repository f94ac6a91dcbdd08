# The network half of the room: PS3.8 associations and DIMSE, both sides.
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
target_sources(lucerna_dicom PRIVATE
    association_gate.cpp association_lag.cpp
    channel.cpp convertible.cpp dimse_command.cpp dimse_message.cpp dimse_status.cpp event_report.cpp
    follow_ups.cpp part10_head.cpp pdu.cpp request_room.cpp
    scp.cpp scp_association.cpp scp_exchange.cpp scu.cpp scu_association.cpp storage_class.cpp
    tls_context.cpp transport.cpp)
target_link_libraries(lucerna_dicom PRIVATE OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB)
if(NOT LUCERNA_FUZZ)
    lucerna_test(dicom_network_test
        SOURCES association_gate_test.cpp dimse_command_test.cpp part10_head_test.cpp pdu_test.cpp request_room_test.cpp scp_admission_test.cpp
                scp_follow_ups_test.cpp scp_malformed_test.cpp scp_service_test.cpp scp_test.cpp scp_tls_test.cpp
                scu_interop_test.cpp
        DEPENDS dicom
        LIBRARIES OpenSSL::Crypto)
endif()
